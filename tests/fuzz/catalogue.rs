//! The catalogue and the store: what a disk gives back. The checksums fit, so that damage reaches
//! what is behind them.

use std::{
    collections::HashSet,
    fmt::Debug,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use mungpy::{
    batch::History,
    catalogue::{Catalogue, DataDir, DogRecord, Entry, SourceState, Trial},
    matching::Snapshot,
};
use mungpy_core::{
    face::{self, Measurement, Species},
    index::Query,
    reason::{Reason, WithReason},
    resemblance::{PersonEstimator, Population},
    temperament::{Policy, Questionnaire},
    text::hex,
};
use mungpy_proto::store;
use prost::Message as _;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{common, damage};

/// Most dogs that are indexed and searched.
const INDEXED: usize = 64;

#[test]
fn any_bytes_keep_the_rules() {
    bolero::check!(name = "catalogue").with_iterations(1_000).for_each(check);
}

#[test]
fn damage_keeps_the_rules() {
    damage::check("catalogue", 1_500, check);
}

/// The first byte says what the others are.
fn check(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind {
        b'c' => {
            let file = published(bytes);
            check_published(&file);
            check_as_a_whole(&file, bytes);
        }
        b'f' => check_published(bytes),
        b'e' => check_entry(bytes),
        b't' => check_kept(bytes, Trial::decode, Trial::encode),
        b's' => check_kept(bytes, SourceState::decode, SourceState::encode),
        b'j' => check_import(&with_header(bytes)),
        b'x' => check_import(&String::from_utf8_lossy(bytes)),
        b'h' => check_history(bytes),
        _ => {}
    }
}

/// A message behind the checksum that it needs.
pub(super) fn framed(message: &[u8]) -> Vec<u8> {
    [&crc32fast::hash(message).to_le_bytes(), message].concat()
}

/// A message as a published catalogue.
fn published(message: &[u8]) -> Vec<u8> {
    [b"MUNGPY\x00\x01", &framed(message)[..]].concat()
}

thread_local! {
    /// A folder of this test, in memory if the system has one there.
    static PLACE: TempDir =
        tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
}

fn place(name: &str) -> PathBuf {
    PLACE.with(|folder| folder.path().join(name))
}

fn check_published(file: &[u8]) {
    let path = place("read.mungpy");
    fs::write(&path, file).unwrap();
    match Catalogue::read(&path) {
        Ok(catalogue) => {
            check_catalogue(&catalogue);
            check_search(catalogue);
        }
        Err(error) => {
            let reasons = [Reason::CatalogueDamaged, Reason::CatalogueLayoutUnknown];
            assert!(reasons.contains(&error.reason()), "{error}");
        }
    }
}

/// A catalogue is decoded dog by dog, and says what it says as one message.
fn check_as_a_whole(file: &[u8], message: &[u8]) {
    let path = place("whole.mungpy");
    fs::write(&path, file).unwrap();
    let Ok(catalogue) = Catalogue::read(&path) else { return };
    let whole = store::PublishedCatalogue::decode(message).unwrap();
    assert_eq!(catalogue.version, whole.version);
    assert_eq!(catalogue.model_version, whole.model_version);
    let ids = catalogue.dogs.iter().map(|dog| &dog.dog_id);
    assert!(ids.eq(whole.dogs.iter().map(|dog| &dog.dog_id)));
}

/// What was read can be published and exported, and is the same when it is read again.
fn check_catalogue(catalogue: &Catalogue) {
    catalogue.dogs.iter().for_each(check_dog);
    let mut expected = catalogue.clone();
    expected.dogs.iter_mut().for_each(|dog| dog.photos.clear());
    let path = place("published.mungpy");
    catalogue.publish(&path).unwrap();
    assert!(Catalogue::read(&path).unwrap() == expected, "what is published differs");
    let mut export = Vec::new();
    catalogue.export(&mut export).unwrap();
    let imported = Catalogue::import(str::from_utf8(&export).unwrap(), &path);
    expected.tables = None;
    for dog in &mut expected.dogs {
        // An export says once which models have measured its dogs, and no handicap.
        dog.model_version.clone_from(&expected.model_version);
        dog.handicap = 0.0;
    }
    expected.dogs.sort_by(|a, b| a.dog_id.cmp(&b.dog_id));
    assert!(imported.unwrap() == expected, "what is exported differs");
}

fn check_dog(dog: &DogRecord) {
    let Measurement { log_ratios, shape } = &dog.measurement;
    let quality = &dog.quality;
    let quality = [
        quality.yaw,
        quality.pitch,
        quality.roll,
        quality.interocular,
        quality.sharpness,
        quality.landmark_disagreement,
    ];
    let shape = shape.coordinates();
    let landmarks = dog.landmarks.0.iter().flatten();
    let numbers = landmarks.chain(log_ratios).chain(&shape).chain(&quality);
    assert!(numbers.copied().all(f64::is_finite) && dog.handicap.is_finite(), "{dog:?}");
    assert_eq!(dog.as_kept().as_ref(), Some(dog));
}

static PERSONS: LazyLock<Population> = LazyLock::new(|| PersonEstimator::shipped().population);

static PERSON: LazyLock<Measurement> = LazyLock::new(|| {
    let landmarks = common::composites("persons/")[0].landmarks();
    face::measure(&landmarks, Species::Person).unwrap().0
});

/// What was read can be served.
fn check_search(catalogue: Catalogue) {
    if catalogue.dogs.len() > INDEXED {
        return;
    }
    let questionnaire = Questionnaire::default();
    let snapshot = Snapshot::of(catalogue, &questionnaire, &PERSONS);
    let dogs = snapshot.index.len();
    let found = snapshot.index.search(&Query {
        person: &PERSON,
        answers: &questionnaire.answers([]).unwrap(),
        policy: Policy::default(),
        top: dogs.max(1),
        excluded: &HashSet::new(),
        allowed: None,
    });
    assert_eq!((found.hits.len(), found.candidates), (dogs, dogs), "every dog is found");
    for hit in found.hits {
        let score = snapshot.index.score(hit.distance_squared);
        assert!((0.0..=100.0).contains(&score), "{score} of {hit:?}");
        assert_eq!(snapshot.number_of(snapshot.index.dog_id(hit.dog)), Some(hit.dog));
    }
}

fn check_entry(message: &[u8]) {
    let kept = framed(message);
    let Some(entry) = Entry::decode(&kept) else { return };
    check_kept(message, Entry::decode, Entry::encode);
    if let Entry::Dog(dog) = &entry {
        check_dog(dog);
    }
}

/// What the store keeps is the same when it is read again, and damage is noticed.
fn check_kept<T: PartialEq + Debug>(
    message: &[u8],
    decode: fn(&[u8]) -> Option<T>,
    encode: fn(&T) -> Vec<u8>,
) {
    let mut kept = framed(message);
    let Some(read) = decode(&kept) else { return };
    assert_eq!(decode(&encode(&read)).as_ref(), Some(&read));
    kept[0] ^= 1;
    assert_eq!(decode(&kept), None, "the checksum is wrong");
}

/// Lines of dogs as an export whose header fits them.
pub(super) fn with_header(lines: &[u8]) -> String {
    let lines = String::from_utf8_lossy(lines);
    let (dogs, sha256) = (lines.lines().count(), hex(&Sha256::digest(lines.as_bytes())));
    let header = serde_json::json!({
        "mungpyCatalogue": 1, "version": 7, "publishedAt": "2026-11-01T03:00:00Z",
        "modelVersion": "models", "dogs": dogs, "sha256": sha256,
    });
    format!("{header}\n{lines}")
}

fn check_import(text: &str) {
    match Catalogue::import(text, Path::new("export.jsonl")) {
        Ok(mut catalogue) => {
            assert!(catalogue.dogs.is_sorted_by_key(|dog| &dog.dog_id));
            // A catalogue keeps whole seconds.
            let seconds = catalogue.published_at.timestamp();
            catalogue.published_at = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
            check_catalogue(&catalogue);
            check_search(catalogue);
        }
        Err(error) => assert_eq!(error.reason(), Reason::ImportMalformed, "{error}"),
    }
}

fn check_history(runs: &[u8]) {
    let data_dir = DataDir::new(&place("data"));
    let path = data_dir.runs_path();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, runs).unwrap();
    match History::of(&data_dir).read() {
        Ok(runs) => {
            for run in runs {
                let line = serde_json::to_string(&run).unwrap();
                let again = serde_json::from_str(&line).unwrap();
                assert_eq!(run, again);
                assert!(!run.to_string().is_empty());
            }
        }
        Err(error) => {
            assert!(str::from_utf8(runs).is_err(), "{error}");
            assert_eq!(error.reason(), Reason::DataDirUnusable, "{error}");
        }
    }
}
