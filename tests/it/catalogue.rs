//! The store, the published catalogue and the folder source, on a real disk.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use mungpy::catalogue::{Catalogue, CatalogueError, DataDir, Entry, Rejection, Store};
use mungpy_core::reason::{Reason, WithReason};
use mungpy_core::temperament::Questionnaire;
use mungpy_source::{DogSource, FolderSource, ListRequest};

use crate::common::composite_catalogue;

fn entries() -> Vec<Entry> {
    let mut entries: Vec<Entry> =
        composite_catalogue().dogs.into_iter().map(|dog| Entry::Dog(Box::new(dog))).collect();
    entries.push(Entry::Rejected(Rejection {
        dog_id: "zz-no-face".to_owned(),
        photos_digest: [7; 32],
        source: String::new(),
        photos: Vec::new(),
        model_version: "1".to_owned(),
        reason: Reason::NoFace,
        message: "no dog face was found".to_owned(),
    }));
    entries.sort_by(|a, b| a.dog_id().cmp(b.dog_id()));
    entries
}

fn put_all(store: &Store, entries: &[Entry]) {
    for entry in entries {
        store.put(entry).unwrap();
    }
}

/// Opens the store through sled. A closed store keeps its lock for a moment, until sled's threads
/// have ended.
fn reopened(path: &Path) -> sled::Db {
    let begun = Instant::now();
    loop {
        match sled::open(path) {
            Ok(db) => return db,
            Err(error) if begun.elapsed() > Duration::from_secs(30) => panic!("{error}"),
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

#[test]
fn what_is_stored_comes_back_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let entries = entries();
    {
        let store = Store::open(&path).unwrap();
        put_all(&store, &entries);
        store.set_version(41).unwrap();
        store.flush().unwrap();
    }
    let store = Store::open(&path).unwrap();
    let read = store.entries().unwrap();
    let ids = |entries: &[Entry]| entries.iter().map(|e| e.dog_id().to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(&read), ids(&entries));
    assert_eq!(store.version().unwrap(), 41);
    store.remove("zz-no-face").unwrap();
    assert_eq!(store.entries().unwrap().len(), entries.len() - 1);
}

#[test]
fn a_damaged_entry_is_dropped_and_the_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let entries = entries();
    {
        let store = Store::open(&path).unwrap();
        put_all(&store, &entries);
        store.flush().unwrap();
    }
    {
        let tree = reopened(&path).open_tree("entries").unwrap();
        let mut value = tree.get("long-nose").unwrap().unwrap().to_vec();
        value[40] ^= 1;
        tree.insert("long-nose", value).unwrap();
        tree.flush().unwrap();
    }
    let read = Store::open(&path).unwrap().entries().unwrap();
    assert_eq!(read.len(), entries.len() - 1);
    assert!(read.iter().all(|entry| entry.dog_id() != "long-nose"));
}

#[test]
fn a_damaged_store_is_set_aside_and_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    {
        let store = Store::open(&path).unwrap();
        put_all(&store, &entries());
        store.flush().unwrap();
    }
    fs::write(path.join("conf"), b"no configuration of sled at all").unwrap();
    let store = Store::open(&path).unwrap();
    assert!(store.entries().unwrap().is_empty());
    let aside = fs::read_dir(folder.path()).unwrap().filter_map(Result::ok);
    let aside = aside.filter(|entry| entry.file_name().to_string_lossy().contains("damaged"));
    assert_eq!(aside.count(), 1, "nothing is deleted");
}

#[test]
fn a_second_batch_is_told_that_the_store_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let _first = Store::open(&path).unwrap();
    assert_eq!(Store::open(&path).err().unwrap().reason(), Reason::StoreLocked);
}

#[test]
fn a_published_catalogue_is_read_back_and_damage_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = DataDir::new(folder.path()).catalogue_path();
    assert_eq!(Catalogue::read(&path).unwrap_err().reason(), Reason::CatalogueNotPublished);
    let catalogue = composite_catalogue();
    catalogue.publish(&path).unwrap();
    let read = Catalogue::read(&path).unwrap();
    assert_eq!(read.version, catalogue.version);
    assert!(read.dogs_equal(&catalogue.dogs, &catalogue.model_version));
    let whole = fs::read(&path).unwrap();
    for damaged in [&whole[..whole.len() / 2], b"", b"MUNGPY\x00\x01", b"something else"] {
        fs::write(&path, damaged).unwrap();
        assert_eq!(Catalogue::read(&path).unwrap_err().reason(), Reason::CatalogueDamaged);
    }
    let mut flipped = whole.clone();
    flipped[100] ^= 0x10;
    fs::write(&path, &flipped).unwrap();
    assert!(matches!(Catalogue::read(&path), Err(CatalogueError::Damaged { .. })));
}

#[test]
fn a_folder_is_listed_with_its_traits_and_its_faults() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for name in ["a.jpg", "a.png", "b.JPEG", "c.heic", ".hidden.jpg", "notes.txt"] {
        fs::write(root.join(name), b"x").unwrap();
    }
    fs::create_dir(root.join("d")).unwrap();
    fs::write(root.join("d/2.jpg"), b"x").unwrap();
    fs::write(root.join("d/1.png"), b"x").unwrap();
    fs::create_dir(root.join("empty")).unwrap();
    let csv = "\u{feff}dogId,name,energy,closeness,imageId\n\
               a,Bori,homebody,독고다이,A-1\nb,,sleepy,,\nghost,,homebody,,\na,,energetic,,\n";
    fs::write(root.join("dogs.csv"), csv).unwrap();
    let jsonl = "{\"dogId\": \"d\", \"traits\": {\"energy\": \"energetic\"}}\n\n";
    fs::write(root.join("dogs.jsonl"), jsonl).unwrap();
    let listing =
        FolderSource::new(root).list(&ListRequest::all(&Questionnaire::default())).unwrap();
    let ids: Vec<&str> = listing.dogs.iter().map(|dog| dog.dog_id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c", "d"]);
    let [a, b, _, d] = &listing.dogs[..] else { unreachable!() };
    assert_eq!(a.image_id.as_deref(), Some("A-1"));
    assert_eq!(a.traits["energy"], "homebody");
    assert_eq!(a.traits["closeness"], "loner", "Korean words become keys");
    assert!(b.traits.is_empty() && b.image_id.is_none());
    let photos: Vec<&str> = d.photos.iter().map(|photo| photo.image_id.as_str()).collect();
    assert_eq!(photos, ["d/1.png", "d/2.jpg"]);
    assert_eq!(d.traits["energy"], "energetic");
    let mut faults: Vec<(&str, Reason)> =
        listing.faults.iter().map(|fault| (fault.dog_id.as_str(), fault.reason)).collect();
    faults.sort_unstable();
    assert_eq!(
        faults,
        [
            ("a", Reason::DuplicateDogId),
            ("a", Reason::DuplicateDogId),
            ("b", Reason::UnknownSide),
            ("ghost", Reason::DogWithoutPhoto)
        ]
    );
}

#[test]
fn a_source_that_cannot_be_read_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let questionnaire = Questionnaire::default();
    let missing =
        FolderSource::new(&folder.path().join("nothing")).list(&ListRequest::all(&questionnaire));
    assert_eq!(missing.unwrap_err().reason(), Reason::SourceUnreadable);
    fs::write(folder.path().join("dogs.jsonl"), "{\"dogId\": \"a\"}\n{not json\n").unwrap();
    let error =
        FolderSource::new(folder.path()).list(&ListRequest::all(&questionnaire)).unwrap_err();
    assert_eq!(error.reason(), Reason::SourceMalformed);
    assert!(error.to_string().contains("line 2"), "{error}");
}
