use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use mungpy_core::temperament::Questionnaire;

use super::*;
use crate::{
    listing::{DogSource, ListRequest, Listing},
    web::WebOptions,
};

fn put(dogs: &PushedDogs, dog_id: &str, photos: &[&[u8]]) {
    let client = crate::web::WebClient::new(WebOptions::default()).unwrap();
    let photo = |bytes| DraftPhoto::Content { bytes, ending: "jpg" };
    let photos = photos.iter().copied().map(photo).collect();
    let draft = PushDraft { dog_id, photos, ..PushDraft::default() };
    dogs.put(&PushedDog::new(draft, &Questionnaire::default(), &client).unwrap()).unwrap();
}

fn listed(root: &Path) -> Listing {
    PushedSource::new(root).list(&ListRequest::all(&Questionnaire::default())).unwrap()
}

fn photos(root: &Path) -> usize {
    folder::names(&root.join("photos")).unwrap().len()
}

/// Makes everything in a folder so many hours old.
fn age(folder: &Path, hours: u64) {
    let time = SystemTime::now() - Duration::from_secs(hours * 3600);
    for name in folder::names(folder).unwrap() {
        let file = fs::File::options().append(true).open(folder.join(name)).unwrap();
        file.set_modified(time).unwrap();
    }
}

#[test]
fn photos_stay_until_a_batch_has_run_without_them() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let dogs = PushedDogs::new(root, PushLimits::default());
    put(&dogs, "a", &[b"one", b"two"]);
    put(&dogs, "b", &[b"one"]);
    age(&root.join("photos"), 100);
    put(&dogs, "a", &[b"two", b"three"]);
    fs::write(root.join("photos/.pushing-x"), b"half").unwrap();
    let sweep = |hours: u64| {
        let now = SystemTime::now() + Duration::from_secs(hours * 3600);
        sweep::sweep(&dogs.folder, now).unwrap();
        photos(root)
    };
    assert_eq!(sweep(0), 5, "the catalogue may name the photo that was replaced");
    assert_eq!(sweep(49), 3, "photos that dogs have stay, however old");
    assert!(dogs.delete("a").unwrap());
    assert_eq!((sweep(0), sweep(49)), (3, 1));
    assert_eq!(listed(root).deleted.len(), 1);
    sweep(31 * 24);
    assert_eq!((listed(root).deleted.len(), listed(root).dogs.len()), (0, 1));
}

#[test]
fn a_kill_at_any_moment_leaves_a_whole_dog_or_none() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let dogs = PushedDogs::new(root, PushLimits::default());
    put(&dogs, "a", &[b"one"]);
    // Killed between the note and the removal of the record: the dog was not deleted yet.
    fs::write(dogs.folder.of_dog("a", folder::GONE), b"\"a\"").unwrap();
    fs::write(root.join("dogs/.pushing-x"), b"{\"dogId\": \"half").unwrap();
    fs::write(root.join("photos/0123-4567.jpg"), b"of no dog").unwrap();
    let listing = listed(root);
    assert_eq!((listing.dogs.len(), listing.deleted.len(), listing.faults.len()), (1, 0, 0));
    assert!(dogs.delete("a").unwrap() && !dogs.delete("a").unwrap());
    // A damaged record is told, and takes no dog away.
    fs::write(dogs.folder.of_dog("b", folder::RECORD), b"{").unwrap();
    let listing = listed(root);
    assert!(listing.is_incomplete && listing.faults.len() == 1);
}

#[test]
fn room_is_counted_anew_by_the_next_process() {
    let root = tempfile::tempdir().unwrap();
    let limits = PushLimits { dogs: 10, bytes: 7 };
    put(&PushedDogs::new(root.path(), limits), "a", &[b"four"]);
    let dogs = PushedDogs::new(root.path(), limits);
    put(&dogs, "b", &[b"two"]);
    let client = crate::web::WebClient::new(WebOptions::default()).unwrap();
    let photos = vec![DraftPhoto::Content { bytes: b"x", ending: "jpg" }];
    let draft = PushDraft { dog_id: "c", photos, ..PushDraft::default() };
    let dog = PushedDog::new(draft, &Questionnaire::default(), &client).unwrap();
    let error = dogs.put(&dog).unwrap_err();
    assert!(matches!(error, PushError::TooManyBytes { bytes: 8, limit: 7 }), "{error}");
}
