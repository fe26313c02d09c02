//! The batch over several sources and over the web, its history, and what it keeps.

use std::{fs, path::Path, sync::Mutex};

use chrono::{TimeDelta, Utc};
use mungpy::{
    batch::{BatchReport, BatchSource, History, RunEnd, RunOptions},
    catalogue::{Catalogue, DataDir, Entry},
    extract::Workers,
};
use mungpy_core::reason::{Reason, WithReason};
use mungpy_source::{
    DogSource, FolderSource, ListRequest, ListedDog, ListedPhoto, Listing, ManifestSource,
    PhotoPlace, SourceError,
    web::{WebClient, WebOptions},
};
use serde_json::json;

use crate::{
    common::{bytes, data, dog_models, run_batch},
    server::{Reply, Server},
};

const WORKERS: Workers = Workers { count: 1, batch_size: 1 };

fn web() -> WebClient {
    let options = WebOptions { allow_private_addresses: true, ..WebOptions::default() };
    WebClient::new(WebOptions { attempts: 1, ..options }).unwrap()
}

fn of(name: &str, source: impl DogSource + 'static) -> BatchSource {
    BatchSource { name: name.to_owned(), ..BatchSource::single(source) }
}

fn manifest(server: &Server) -> BatchSource {
    of("backend", ManifestSource::new(server.url("/dogs.jsonl").as_str(), web()).unwrap())
}

fn folder(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        fs::copy(data("dogs").join(name), folder.path().join(name)).unwrap();
    }
    folder
}

fn run(sources: &[BatchSource], data_dir: &DataDir) -> BatchReport {
    run_batch(sources, data_dir, WORKERS, RunOptions::default()).unwrap()
}

fn ids(data_dir: &DataDir) -> Vec<String> {
    let catalogue = Catalogue::read(&data_dir.catalogue_path()).unwrap();
    catalogue.dogs.into_iter().map(|dog| dog.dog_id).collect()
}

#[test]
fn a_photo_that_has_not_changed_is_neither_fetched_nor_measured_again() {
    let server = Server::start();
    let list = json!({"dogId": "bori", "photos": ["a.jpg"], "attributes": {"name": "보리"}});
    server.always("/dogs.jsonl", Reply::ok(format!("{list}\n")));
    server.on("/a.jpg", |asked| Reply::tagged(asked, "\"1\"", bytes("dogs/wide-eyes.jpg")));
    let place = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(place.path());
    let first = run(&[manifest(&server)], &data_dir);
    assert_eq!((first.enrolled, first.dogs), (1, 1));
    let catalogue = Catalogue::read(&data_dir.catalogue_path()).unwrap();
    let dog = &catalogue.dogs[0];
    assert_eq!((dog.attributes["name"].as_str(), dog.source.as_str()), ("보리", "backend"));
    let second = run(&[manifest(&server)], &data_dir);
    assert_eq!((second.unchanged, second.published, second.version), (1, false, 1));
    assert_eq!(server.count("/a.jpg"), 2, "asked each time, and the second time answered by 304");
    server.on("/a.jpg", |asked| Reply::tagged(asked, "\"2\"", bytes("dogs/long-nose.jpg")));
    let third = run(&[manifest(&server)], &data_dir);
    assert_eq!((third.enrolled, third.version), (1, 2));
    let left: Vec<_> = fs::read_dir(data_dir.fetched_path().unwrap()).unwrap().collect();
    assert!(left.is_empty(), "fetched photos are removed: {left:?}");
}

#[test]
fn a_dog_whose_photo_cannot_be_fetched_keeps_its_record_and_is_tried_again_later() {
    let server = Server::start();
    let list = |dog: &str| json!({"dogId": dog, "photos": [format!("{dog}.jpg")]}).to_string();
    server.always("/dogs.jsonl", Reply::ok(list("kong") + "\n" + &list("bori") + "\n"));
    server.always("/kong.jpg", Reply::ok(bytes("dogs/wide-eyes.jpg")));
    server.always("/bori.jpg", Reply::status(404));
    let place = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(place.path());
    let first = run(&[manifest(&server)], &data_dir);
    assert_eq!((first.enrolled, first.refusals[0].reason), (1, "PHOTO_UNREACHABLE"));
    server.always("/kong.jpg", Reply::status(503));
    let second = run(&[manifest(&server)], &data_dir);
    assert_eq!(second.refusals_by_reason()["PHOTO_UNREACHABLE"], 2);
    assert_eq!(ids(&data_dir), ["kong"], "the record stays");
    assert_eq!(server.count("/bori.jpg"), 1, "the dog failed an hour ago at most");
    let store = data_dir.open_store().unwrap();
    let trial = &store.trials().unwrap()["bori"];
    assert_eq!((trial.attempts, trial.source.as_str()), (1, "backend"));
    assert!(trial.next_try > Utc::now());
}

#[test]
fn a_source_that_fails_leaves_its_dogs_while_the_others_go_on() {
    let server = Server::start();
    let list = json!({"dogId": "bori", "photos": ["a.jpg"]});
    server.always("/dogs.jsonl", Reply::ok(format!("{list}\n")));
    server.always("/a.jpg", Reply::ok(bytes("dogs/wide-eyes.jpg")));
    let shelter = folder(&["long-nose.jpg", "short-nose.jpg"]);
    let place = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(place.path());
    let sources = || [manifest(&server), of("shelter", FolderSource::new(shelter.path()))];
    assert_eq!(run(&sources(), &data_dir).dogs, 3);
    server.always("/dogs.jsonl", Reply::ok(format!("{list}\n")).cut_after(10));
    fs::remove_file(shelter.path().join("long-nose.jpg")).unwrap();
    let report = run(&sources(), &data_dir);
    assert_eq!((report.removed, report.dogs), (1, 2));
    assert_eq!(ids(&data_dir), ["bori", "short-nose"]);
    assert_eq!(report.refusals[0].dog_id, "source backend");
    assert_eq!(report.refusals[0].reason, "SOURCE_UNREACHABLE");
    server.always("/dogs.jsonl", Reply::ok("<html>maintenance</html>"));
    assert_eq!(run(&sources(), &data_dir).dogs, 2, "a page is no shorter list");
}

/// A source that tells what the test wants, and notes what it was asked for.
#[derive(Default)]
struct Scripted {
    listings: Mutex<Vec<Listing>>,
    asked_for_changes: Mutex<Vec<bool>>,
}

impl DogSource for &'static Scripted {
    fn name(&self) -> String {
        "scripted".to_owned()
    }

    fn list(&self, request: &ListRequest<'_>) -> Result<Listing, SourceError> {
        self.asked_for_changes.lock().unwrap().push(request.since.is_some());
        Ok(self.listings.lock().unwrap().remove(0))
    }
}

fn listed(dog_id: &str, photo: &str) -> ListedDog {
    let place = PhotoPlace::File(data("dogs").join(photo));
    let photos = vec![ListedPhoto { image_id: photo.to_owned(), place }];
    ListedDog { dog_id: dog_id.to_owned(), photos, ..ListedDog::default() }
}

#[test]
fn a_listing_of_changes_removes_only_those_that_are_gone() {
    let source: &'static Scripted = Box::leak(Box::default());
    let all = vec![
        listed("a", "wide-eyes.jpg"),
        listed("b", "long-nose.jpg"),
        listed("c", "short-nose.jpg"),
    ];
    let changes = Listing {
        dogs: vec![listed("d", "round-eyes.jpg")],
        gone: ["b".to_owned()].into(),
        is_of_changes: true,
        ..Listing::default()
    };
    let nothing = Listing { is_of_changes: true, ..Listing::default() };
    let whole = Listing { dogs: all[..1].to_vec(), ..Listing::default() };
    let scripted = vec![Listing { dogs: all, ..Listing::default() }, changes, nothing, whole];
    *source.listings.lock().unwrap() = scripted;
    let place = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(place.path());
    let sources = [BatchSource { full_every: TimeDelta::days(7), ..of("scripted", source) }];
    assert_eq!(run(&sources, &data_dir).dogs, 3);
    let second = run(&sources, &data_dir);
    assert_eq!((second.enrolled, second.removed, second.dogs), (1, 1, 3));
    assert_eq!(ids(&data_dir), ["a", "c", "d"]);
    assert_eq!(run(&sources, &data_dir).dogs, 3, "no change is no loss");
    let forced = RunOptions { force: true, ..RunOptions::default() };
    run_batch(&sources, &data_dir, WORKERS, forced).unwrap();
    assert_eq!(ids(&data_dir), ["a"], "a full pass removes what is not listed");
    assert_eq!(*source.asked_for_changes.lock().unwrap(), [false, true, true, false]);
}

#[test]
fn a_limit_leaves_the_rest_for_the_next_run_and_force_measures_all() {
    let shelter = folder(&["long-nose.jpg", "short-nose.jpg", "wide-eyes.jpg"]);
    let place = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(place.path());
    let run_with = |options| {
        let sources = [of("shelter", FolderSource::new(shelter.path()))];
        run_batch(&sources, &data_dir, WORKERS, options).unwrap()
    };
    let first = run_with(RunOptions { limit: Some(2), ..RunOptions::default() });
    assert_eq!((first.enrolled, first.deferred, first.dogs), (2, 1, 2));
    let second = run_with(RunOptions::default());
    assert_eq!((second.enrolled, second.unchanged, second.dogs), (1, 2, 3));
    let forced = run_with(RunOptions { force: true, limit: Some(1), ..RunOptions::default() });
    assert_eq!((forced.enrolled, forced.deferred, forced.dogs), (1, 2, 3));
}

#[test]
fn a_stopped_run_publishes_nothing_and_the_next_one_goes_on() {
    let shelter = folder(&["long-nose.jpg", "short-nose.jpg", "wide-eyes.jpg"]);
    let place = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(place.path());
    let sources = [of("shelter", FolderSource::new(shelter.path()))];
    let stop = mungpy_schedule::Stop::new();
    let error = crate::common::with_batch(&sources, &data_dir, RunOptions::default(), |batch| {
        batch.run(crate::common::dog_extractor(), &stop, |_, _| stop.request()).unwrap_err()
    });
    assert_eq!(error.reason(), Reason::BatchCancelled);
    assert!(!data_dir.catalogue_path().exists());
    let report = run(&sources, &data_dir);
    assert_eq!(report.enrolled + report.unchanged, 3);
    assert!(report.unchanged >= 1, "what was measured is not measured again");
    let ends: Vec<_> =
        History::of(&data_dir).read().unwrap().into_iter().map(|run| run.end.unwrap()).collect();
    assert_eq!(ends, [RunEnd::Cancelled, RunEnd::Published]);
}

#[test]
fn an_earlier_catalogue_can_be_published_again() {
    let shelter = folder(&["long-nose.jpg", "short-nose.jpg"]);
    let place = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(place.path());
    let sources = [of("shelter", FolderSource::new(shelter.path()))];
    run(&sources, &data_dir);
    fs::remove_file(shelter.path().join("long-nose.jpg")).unwrap();
    run(&sources, &data_dir);
    assert_eq!(ids(&data_dir), ["short-nose"]);
    let back = data_dir.roll_back(None, &dog_models(), 5).unwrap();
    assert_eq!((back.version, back.dogs.len()), (3, 2));
    assert_eq!(ids(&data_dir), ["long-nose", "short-nose"]);
    assert_eq!(run(&sources, &data_dir).version, 4, "the next batch knows better");
    assert_eq!(ids(&data_dir), ["short-nose"]);
    assert_eq!(data_dir.kept_versions().unwrap(), [1, 2, 3]);
    assert_eq!(
        data_dir.roll_back(Some(9), &dog_models(), 5).unwrap_err().reason(),
        Reason::CatalogueNotKept
    );
}

#[test]
fn a_store_of_version_0_2_is_read_and_its_dogs_stay() {
    let shelter = folder(&["long-nose.jpg"]);
    let place = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(place.path());
    let sources = [of("shelter", FolderSource::new(shelter.path()))];
    run(&sources, &data_dir);
    {
        // An older store knows neither sources nor stamps, and digests photos otherwise.
        let store = data_dir.open_store().unwrap();
        let Some(Entry::Dog(mut dog)) = store.entries().unwrap().pop() else { panic!() };
        dog.source.clear();
        dog.photos.clear();
        dog.photos_digest = [9; 32];
        store.put(&Entry::Dog(dog)).unwrap();
    }
    let report = run(&sources, &data_dir);
    assert_eq!((report.enrolled, report.removed, report.dogs), (1, 0, 1));
}

#[test]
fn an_export_is_imported_and_a_damaged_one_is_not() {
    let place = tempfile::tempdir().unwrap();
    let shelter = folder(&["long-nose.jpg", "short-nose.jpg"]);
    let data_dir = DataDir::new(place.path());
    run(&[of("shelter", FolderSource::new(shelter.path()))], &data_dir);
    let catalogue = Catalogue::read(&data_dir.catalogue_path()).unwrap();
    let mut exported = Vec::new();
    catalogue.export(&mut exported).unwrap();
    let text = String::from_utf8(exported).unwrap();
    let imported = Catalogue::import(&text, Path::new("e.jsonl")).unwrap();
    assert!(imported.dogs_equal(&catalogue.dogs, &catalogue.model_version));
    for at in (0..text.len()).step_by(97) {
        let mut damaged = text.clone().into_bytes();
        damaged[at] ^= 1;
        let Ok(damaged) = String::from_utf8(damaged) else { continue };
        if let Ok(read) = Catalogue::import(&damaged, Path::new("e.jsonl")) {
            // Only the header's own facts are not under its checksum.
            assert!(
                read.dogs.iter().zip(&catalogue.dogs).all(|(a, b)| a.measurement == b.measurement)
            );
        }
        assert!(Catalogue::import(&text[..at], Path::new("e.jsonl")).is_err(), "cut at {at}");
    }
}

#[test]
fn what_a_limit_leaves_is_listed_again_by_a_source_that_tells_changes() {
    let source: &'static Scripted = Box::leak(Box::default());
    let all = || Listing {
        dogs: vec![listed("a", "wide-eyes.jpg"), listed("b", "long-nose.jpg")],
        ..Listing::default()
    };
    *source.listings.lock().unwrap() = vec![all(), all()];
    let place = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(place.path());
    let sources = [BatchSource { full_every: TimeDelta::days(7), ..of("scripted", source) }];
    let limited = RunOptions { limit: Some(1), ..RunOptions::default() };
    assert_eq!(run_batch(&sources, &data_dir, WORKERS, limited).unwrap().deferred, 1);
    assert_eq!(run(&sources, &data_dir).dogs, 2);
    assert_eq!(*source.asked_for_changes.lock().unwrap(), [false, false]);
}

#[test]
fn a_source_that_is_made_of_something_else_lists_all_its_dogs() {
    let source: &'static Scripted = Box::leak(Box::default());
    let all = || Listing { dogs: vec![listed("a", "wide-eyes.jpg")], ..Listing::default() };
    *source.listings.lock().unwrap() = vec![all(), all()];
    let place = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(place.path());
    for fingerprint in ["one", "another"] {
        let full_every = TimeDelta::days(7);
        let source = BatchSource { full_every, ..of("scripted", source) };
        run(&[BatchSource { fingerprint: fingerprint.to_owned(), ..source }], &data_dir);
    }
    assert_eq!(*source.asked_for_changes.lock().unwrap(), [false, false]);
}

#[test]
fn a_page_in_place_of_a_photo_takes_no_dog_away_and_a_broken_photo_does() {
    let server = Server::start();
    let list: String = ["a", "b", "c"]
        .map(|dog| format!("{}\n", json!({"dogId": dog, "photos": [format!("{dog}.jpg")]})))
        .concat();
    server.always("/dogs.jsonl", Reply::ok(list));
    for (dog, photo) in [("a", "wide-eyes"), ("b", "long-nose"), ("c", "short-nose")] {
        server.always(&format!("/{dog}.jpg"), Reply::ok(bytes(&format!("dogs/{photo}.jpg"))));
    }
    let place = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(place.path());
    assert_eq!(run(&[manifest(&server)], &data_dir).dogs, 3);
    server.always("/a.jpg", Reply::ok("<html>under maintenance</html>"));
    server.always("/b.jpg", Reply::ok(bytes("photos/alpha.png")));
    let report = run(&[manifest(&server)], &data_dir);
    assert_eq!(ids(&data_dir), ["a", "c"]);
    assert_eq!(report.refusals_by_reason()["PHOTO_UNREACHABLE"], 1);
    assert_eq!(report.refusals_by_reason()["NO_FACE"], 1);
}

#[test]
fn a_signed_address_that_changes_every_night_costs_no_measurement() {
    let server = Server::start();
    let list = |signature: u32| {
        let photo = format!("a.jpg?signature={signature}");
        Reply::ok(format!("{}\n", json!({"dogId": "bori", "photos": [photo]})))
    };
    server.always("/a.jpg", Reply::ok(bytes("dogs/wide-eyes.jpg")));
    let place = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(place.path());
    server.always("/dogs.jsonl", list(1));
    assert_eq!(run(&[manifest(&server)], &data_dir).enrolled, 1);
    server.always("/dogs.jsonl", list(2));
    let second = run(&[manifest(&server)], &data_dir);
    assert_eq!((second.enrolled, second.updated), (0, 1));
    let catalogue = Catalogue::read(&data_dir.catalogue_path()).unwrap();
    let dog = &catalogue.dogs[0];
    assert!(dog.photo_location.ends_with("signature=2"), "{}", dog.photo_location);
    assert!(!dog.image_id.contains("signature"), "{}", dog.image_id);
}

#[test]
fn a_dog_with_one_dead_photo_of_two_is_measured_by_the_other() {
    let server = Server::start();
    let list = json!({"dogId": "bori", "photos": ["a.jpg", "dead.jpg"]});
    server.always("/dogs.jsonl", Reply::ok(format!("{list}\n")));
    server.always("/a.jpg", Reply::ok(bytes("dogs/wide-eyes.jpg")));
    server.always("/dead.jpg", Reply::status(404));
    let place = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(place.path());
    assert_eq!(run(&[manifest(&server)], &data_dir).enrolled, 1);
    for force in [false, true] {
        let options = RunOptions { force, ..RunOptions::default() };
        run_batch(&[manifest(&server)], &data_dir, WORKERS, options).unwrap();
        assert_eq!(ids(&data_dir), ["bori"], "force {force}");
    }
    assert_eq!(data_dir.open_store().unwrap().trials().unwrap()["bori"].attempts, 2);
}

#[test]
fn most_dogs_of_one_source_do_not_leave_at_once_although_the_other_has_more() {
    let many = folder(&["long-nose.jpg", "short-nose.jpg", "wide-eyes.jpg", "round-eyes.jpg"]);
    let source: &'static Scripted = Box::leak(Box::default());
    let few = |count: usize| Listing {
        dogs: (0..count).map(|n| listed(&format!("few-{n}"), "small-nose.jpg")).collect(),
        ..Listing::default()
    };
    *source.listings.lock().unwrap() = vec![few(12), few(1), few(1)];
    let place = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(place.path());
    for dog in 0..9 {
        let from = many.path().join("long-nose.jpg");
        fs::copy(from, many.path().join(format!("copy-{dog}.jpg"))).unwrap();
    }
    let sources = [of("many", FolderSource::new(many.path())), of("few", source)];
    assert_eq!(run(&sources, &data_dir).dogs, 25);
    let error = run_batch(&sources, &data_dir, WORKERS, RunOptions::default()).unwrap_err();
    assert_eq!(error.reason(), Reason::CatalogueShrinks);
    assert!(error.to_string().contains("few"), "{error}");
    let allowed = RunOptions { max_loss: 1.0, ..RunOptions::default() };
    assert_eq!(run_batch(&sources, &data_dir, WORKERS, allowed).unwrap().dogs, 14);
}
