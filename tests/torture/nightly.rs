//! Nights that go wrong: lists and photos behind a bad line, batches that are killed, disks that are
//! full. The catalogue that follows is that of a night without trouble.
//!
//! `MUNGPY_SEED` repeats a run; `MUNGPY_BIN` names another program than the one that was built.

mod days;
mod disk;
mod figures;
mod halfway;
mod input;
mod kills;
mod server;

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use chrono::DateTime;
use mungpy::catalogue::{Catalogue, DataDir, DogRecord, PhotosDigest};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    common,
    storage::{MEMORY_KIB, mungpy, names_in},
};
use server::{Reply, Server};

/// The list of dogs at the server.
const LIST: &str = "/dogs.jsonl";

/// A server, its configuration, and data directories beside each other.
struct Night {
    folder: tempfile::TempDir,
    server: Server,
}

impl Night {
    /// With one source, the list at [`LIST`].
    fn new() -> Self {
        let night = Self { folder: tempfile::tempdir().unwrap(), server: Server::start() };
        night.list_from(&[("shelter", LIST)], "max_loss = 1.0\n");
        night
    }

    /// Configures sources by name and path of their lists.
    fn list_from(&self, sources: &[(&str, &str)], batch: &str) {
        let mut config = format!("[batch]\nallow_private_addresses = true\n{batch}");
        for (name, path) in sources {
            let place = self.server.url(path);
            let lines = ["[[source]]", "kind = \"manifest\""].map(str::to_owned).into_iter();
            let own = [format!("name = \"{name}\""), format!("place = \"{place}\"")];
            config.extend(lines.chain(own).map(|line| line + "\n"));
        }
        fs::write(self.config(), config).unwrap();
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("mungpy.toml")
    }

    fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A batch into a data directory, with its report as JSON.
    fn batch(&self, data: &str) -> Command {
        let mut command = mungpy(MEMORY_KIB);
        command.args(["batch", "--json", "--workers", "1", "--config"]).arg(self.config());
        command.arg("--data-dir").arg(self.data(data));
        command
    }

    fn read(&self, data: &str) -> Catalogue {
        Catalogue::read(&self.catalogue(data)).unwrap()
    }

    fn catalogue(&self, data: &str) -> PathBuf {
        DataDir::new(&self.data(data)).catalogue_path()
    }

    /// Answers with these replies only.
    fn answer(&self, replies: HashMap<String, Reply>) {
        self.server.answer(move |path| replies.get(path).cloned().unwrap_or(Reply::Status(404)));
    }

    /// Publishes a catalogue of composite dogs whose photos lie at the server, as a batch would have,
    /// so that none of them is measured. Returns what the server must answer.
    fn publish_composites(&self, data: &str, source: &str) -> HashMap<String, Reply> {
        let mut replies = HashMap::new();
        let mut list = String::new();
        let mut catalogue = common::composite_catalogue();
        for dog in &mut catalogue.dogs {
            let path = format!("/{}", dog.image_id);
            let photo = common::bytes(&format!("dogs/{}", dog.image_id));
            dog.photos_digest = digest_of(&photo);
            dog.photo_location = self.server.url(&path);
            dog.image_id.clone_from(&dog.photo_location);
            dog.traits.clear();
            source.clone_into(&mut dog.source);
            list += &line(&dog.dog_id, &path);
            replies.insert(path, Reply::of(photo));
        }
        catalogue.dogs.sort_by(|a, b| a.dog_id.cmp(&b.dog_id));
        fs::create_dir_all(self.data(data)).unwrap();
        catalogue.publish(&self.catalogue(data)).unwrap();
        replies.insert(LIST.to_owned(), Reply::of(list));
        replies
    }
}

/// The line of a dog with one photo.
fn line(dog_id: &str, photo: &str) -> String {
    format!("{}\n", serde_json::json!({"dog_id": dog_id, "photos": [photo]}))
}

/// What stands for a dog's only photo.
fn digest_of(photo: &[u8]) -> PhotosDigest {
    Sha256::digest(Sha256::digest(photo)).into()
}

/// The seed of this run, which is printed: a given one, or a new one.
fn seed() -> u64 {
    let given = env::var("MUNGPY_SEED").ok().map(|seed| seed.parse().expect("a number"));
    let seed = given.unwrap_or_else(rand_seed);
    eprintln!("MUNGPY_SEED={seed} repeats this run");
    seed
}

fn rand_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::from(now.subsec_nanos()) ^ now.as_secs()
}

/// What two catalogues of the same dogs have in common, whenever they were made.
#[derive(Debug, PartialEq)]
struct Timeless {
    dogs: Vec<DogRecord>,
    models: String,
    tables: Option<mungpy::catalogue::SearchTables>,
}

impl Timeless {
    fn of(catalogue: Catalogue) -> Self {
        let timeless = |dog| DogRecord { enrolled_at: DateTime::default(), ..dog };
        let dogs: Vec<_> = catalogue.dogs.into_iter().map(timeless).collect();
        let is_once = dogs.windows(2).all(|pair| pair[0].dog_id < pair[1].dog_id);
        assert!(is_once, "a dog is there twice, or out of order");
        Self { dogs, models: catalogue.model_version, tables: catalogue.tables }
    }

    fn read(path: &Path) -> Self {
        Self::of(Catalogue::read(path).unwrap())
    }

    fn ids(&self) -> Vec<&str> {
        self.dogs.iter().map(|dog| dog.dog_id.as_str()).collect()
    }

    /// In what this one differs from another, in words; empty if it does not.
    fn difference(&self, other: &Self) -> String {
        if self == other {
            return String::new();
        }
        let (own, others) = (self.ids(), other.ids());
        if own != others {
            return format!("dogs {own:?} instead of {others:?}");
        }
        let mut told = Vec::new();
        for (one, other) in self.dogs.iter().zip(&other.dogs) {
            let (text, others) = (format!("{one:#?}"), format!("{other:#?}"));
            let lines = text.lines().zip(others.lines()).filter(|(one, other)| one != other);
            let lines = lines.map(|(one, other)| format!("{}/{}", one.trim(), other.trim()));
            let lines = lines.take(4).collect::<Vec<_>>();
            if !lines.is_empty() {
                told.push(format!("{}: {}", one.dog_id, lines.join(" ")));
            }
        }
        if told.is_empty() {
            return "tables or models differ".to_owned();
        }
        told.join("\n")
    }
}

/// The reasons of a report for one dog.
fn reasons<'a>(report: &'a Value, dog_id: &str) -> Vec<&'a str> {
    let refusals = report["refusals"].as_array().unwrap().iter();
    let of_dog = refusals.filter(|refusal| refusal["dogId"] == dog_id);
    of_dog.map(|refusal| refusal["reason"].as_str().unwrap()).collect()
}

/// Checks that nothing of a run is left in a data directory.
fn is_tidy(data: &Path) {
    let is_left = |name: &String| name.starts_with('.') || name == "run.json";
    let names = names_in(data);
    assert!(!names.iter().any(is_left), "{names:?}");
    assert_eq!(names_in(&data.join("fetched")), Vec::<String>::new());
}
