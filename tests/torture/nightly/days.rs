//! Shelters whose dogs change from day to day, as a seed decides.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock},
};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::server::Reply;
use crate::common;

/// Photos that show a dog, and some that show none or are broken.
static SHOTS: LazyLock<Vec<Arc<Vec<u8>>>> = LazyLock::new(|| {
    let mut shots: Vec<_> = common::composites("dogs/")
        .into_iter()
        .map(|composite| common::bytes(&composite.photo))
        .collect();
    let half = shots[0].len() / 2;
    let broken = [shots[0][..half].to_vec(), b"no photo".to_vec()];
    shots.extend(broken);
    shots.push(common::bytes("photos/grey.jpg"));
    shots.into_iter().map(Arc::new).collect()
});
/// The last of them, which are of no use.
const USELESS: usize = 3;

/// Dogs of the first day.
const DOGS: usize = 10;

#[derive(Clone)]
struct Dog {
    /// Path and number of each photo.
    photos: Vec<(String, usize)>,
    energy: Option<&'static str>,
    name: String,
    notice_end: Option<String>,
    status: &'static str,
}

/// The dogs of today.
pub(super) struct Shelter {
    random: ChaCha8Rng,
    /// What addresses of photos begin with.
    folder: String,
    dogs: BTreeMap<String, Dog>,
    next: usize,
}

impl Shelter {
    pub(super) fn open(seed: u64, folder: &str) -> Self {
        let random = ChaCha8Rng::seed_from_u64(seed);
        let folder = format!("/{folder}");
        let mut shelter = Self { random, folder, dogs: BTreeMap::new(), next: 0 };
        (0..DOGS).for_each(|_| shelter.take_in());
        shelter
    }

    /// A night passes: dogs come and go, and what is said and shown of some changes.
    pub(super) fn sleep(&mut self) {
        for _ in 0..self.random.random_range(1..=3) {
            let gone = self.any();
            self.dogs.remove(&gone);
        }
        for _ in 0..self.random.random_range(1..=4) {
            self.take_in();
        }
        for _ in 0..self.random.random_range(1..=4) {
            let dog_id = self.any();
            let mut dog = self.dogs.remove(&dog_id).unwrap();
            self.change(&mut dog);
            self.dogs.insert(dog_id, dog);
        }
    }

    fn any(&mut self) -> String {
        let at = self.random.random_range(0..self.dogs.len());
        self.dogs.keys().nth(at).unwrap().clone()
    }

    fn take_in(&mut self) {
        self.next += 1;
        let dog_id = format!("멍-{:03}", self.next);
        let photos = (0..self.random.random_range(1..=2)).map(|_| self.shot()).collect();
        let name = format!("이름 {}", self.next);
        let mut dog = Dog { photos, energy: None, name, notice_end: None, status: "보호중" };
        self.change_words(&mut dog);
        self.dogs.insert(dog_id, dog);
    }

    /// A photo at a new address.
    fn shot(&mut self) -> (String, usize) {
        self.next += 1;
        (format!("{}/{}.jpg", self.folder, self.next), self.content())
    }

    fn content(&mut self) -> usize {
        let useful = SHOTS.len() - USELESS;
        let is_useful = self.random.random_bool(0.85);
        let range = if is_useful { 0..useful } else { useful..SHOTS.len() };
        self.random.random_range(range)
    }

    fn change(&mut self, dog: &mut Dog) {
        match self.random.random_range(0..5) {
            0 => dog.photos[0].1 = self.content(),
            1 => dog.photos[0] = self.shot(),
            2 => dog.status = if dog.status == "보호중" { "입양" } else { "보호중" },
            _ => self.change_words(dog),
        }
    }

    fn change_words(&mut self, dog: &mut Dog) {
        let number: u32 = self.random.random_range(0..1000);
        dog.energy = [None, Some("homebody"), Some("energetic")][number as usize % 3];
        dog.name = format!("이름 {number}");
        let day = number % 28 + 1;
        let ends = [
            None,
            Some(format!("2027-01-{day:02}")),
            Some(format!("2027-01-{day:02}T12:30:00.5Z")),
            Some("soon".to_owned()),
        ];
        dog.notice_end.clone_from(&ends[number as usize % ends.len()]);
    }

    /// The list of the dogs.
    pub(super) fn manifest(&self) -> Vec<u8> {
        let lines = self.dogs.iter().map(|(dog_id, dog)| {
            let photos: Vec<&str> = dog.photos.iter().map(|(path, _)| path.as_str()).collect();
            let traits: BTreeMap<&str, &str> =
                dog.energy.map(|side| ("energy", side)).into_iter().collect();
            let line = json!({
                "dog_id": dog_id, "photos": photos, "traits": traits, "status": dog.status,
                "attributes": {"name": dog.name, "notice_end": dog.notice_end},
            });
            format!("{line}\n")
        });
        lines.collect::<String>().into_bytes()
    }

    /// What the server of this shelter answers today, its list at `list`.
    pub(super) fn replies(&self, list: &str) -> HashMap<String, Reply> {
        let shots = self.dogs.values().flat_map(|dog| &dog.photos);
        let mut replies: HashMap<String, Reply> = shots
            .map(|(path, number)| (path.clone(), Reply::Whole(Arc::clone(&SHOTS[*number]))))
            .collect();
        replies.insert(list.to_owned(), Reply::of(self.manifest()));
        replies
    }

    /// Dogs that can be adopted and whose photos are all of use.
    pub(super) fn sound(&self) -> impl Iterator<Item = &String> {
        let useful = SHOTS.len() - USELESS;
        let is_sound = move |dog: &Dog| {
            dog.status == "보호중" && dog.photos.iter().all(|(_, number)| *number < useful)
        };
        self.dogs.iter().filter(move |(_, dog)| is_sound(dog)).map(|(dog_id, _)| dog_id)
    }
}
