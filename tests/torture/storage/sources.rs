//! Sources as they come: odd names, folders that cannot be read, lists of any content, many dogs.

use std::{
    ffi::OsStr,
    fs::{self, File, Permissions},
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
    },
    process::Command,
    time::Duration,
};

use mungpy::catalogue::DogRecord;
use mungpy_core::{
    reason::{Reason, WithReason},
    temperament::Questionnaire,
};
use mungpy_source::{DogSource, FolderSource, ListRequest, Listing};
use proptest::prelude::*;

use super::{MEMORY_KIB, Place, run, run_within};
use crate::common;

fn list(place: &Place) -> Listing {
    FolderSource::new(&place.source()).list(&ListRequest::all(&Questionnaire::default())).unwrap()
}

fn ids(listing: &Listing) -> Vec<&str> {
    listing.dogs.iter().map(|dog| dog.dog_id.as_str()).collect()
}

#[test]
fn hidden_files_and_folders_are_passed_over() {
    let place = Place::with(&["long-nose.jpg"]);
    for hidden in [".git", ".Trash-1000", ".bori"] {
        fs::create_dir(place.source().join(hidden)).unwrap();
        fs::write(place.source().join(hidden).join("a.jpg"), b"x").unwrap();
    }
    fs::write(place.source().join(".hidden.jpg"), b"x").unwrap();
    let listing = list(&place);
    assert_eq!(ids(&listing), ["long-nose"]);
    assert!(listing.faults.is_empty(), "{:?}", listing.faults);
}

#[test]
fn names_that_would_forge_a_report_are_no_ids() {
    let place = Place::with(&["long-nose.jpg"]);
    let forged = "x\nrejected long-nose: gone [NO_FACE]";
    for name in [forged, "esc\u{1b}[2J", "\u{7f}"] {
        fs::write(place.source().join(format!("{name}.jpg")), b"x").unwrap();
    }
    fs::write(place.source().join(OsStr::from_bytes(b"\xff\xfe.jpg")), b"x").unwrap();
    fs::write(place.source().join("dogs.csv"), "dogId\n\"a\nb\"\n\"\"\n").unwrap();
    let listing = list(&place);
    assert_eq!(ids(&listing), ["long-nose"]);
    assert_eq!(listing.faults.len(), 6);
    let mut command = super::mungpy(MEMORY_KIB);
    command.args(["batch", "--source"]).arg(place.source());
    let ended = run(command.arg("--data-dir").arg(place.data()));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(!ended.out.lines().any(|line| line.starts_with("rejected long-nose")));
    assert!(!ended.out.contains('\u{1b}'));
}

#[test]
fn links_in_a_circle_are_no_dogs_and_end() {
    let place = Place::with(&["long-nose.jpg"]);
    symlink("self", place.source().join("self")).unwrap();
    symlink("..", place.source().join("up")).unwrap();
    symlink("gone.jpg", place.source().join("dangling.jpg")).unwrap();
    let report = run(&mut place.batch()).report();
    assert_eq!(report["dogs"], 1, "{report}");
    assert_eq!(report["refusals"][0]["reason"], "PHOTO_UNREADABLE");
}

#[test]
fn a_folder_that_cannot_be_read_costs_neither_the_batch_nor_its_dog() {
    let place = Place::published();
    let before = place.ids();
    let folder = place.source().join("long-nose");
    fs::create_dir(&folder).unwrap();
    fs::rename(place.source().join("long-nose.jpg"), folder.join("1.jpg")).unwrap();
    run(&mut place.batch()).report();
    let Some(mut batch) = without_rights(place.batch()) else { return };
    open_to_all(&place);
    fs::set_permissions(&folder, Permissions::from_mode(0o000)).unwrap();
    let ended = run(&mut batch);
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    let report = ended.report();
    assert_eq!(report["refusals"][0]["dogId"], "long-nose");
    assert_eq!(report["refusals"][0]["reason"], "PHOTO_UNREADABLE");
    assert_eq!((&report["removed"], &report["dogs"]), (&0.into(), &before.len().into()));
    assert_eq!(place.ids(), before);
}

#[test]
fn a_photo_that_is_replaced_meanwhile_is_measured_as_it_is_in_the_end() {
    let place = Place::with(&["long-nose.jpg"]);
    let photo = place.source().join("long-nose.jpg");
    let versions = ["dogs/long-nose.jpg", "dogs/wide-eyes.jpg"].map(common::bytes);
    let mut batch = place.batch().spawn().unwrap();
    while batch.try_wait().unwrap().is_none() {
        // In place, so that half of it can be read, and as a whole.
        for version in &versions {
            fs::write(&photo, version).unwrap();
            let new = place.root().join("new.jpg");
            fs::write(&new, version).unwrap();
            fs::rename(new, &photo).unwrap();
        }
    }
    assert!(batch.wait().unwrap().success());
    run(&mut place.batch()).report();
    let dogs = place.read().dogs;
    assert_eq!(dogs[0].photos_digest, super::digest_of(&photo));
    // What was read is what was measured: a fresh start measures the same.
    fs::remove_dir_all(place.data()).unwrap();
    run(&mut place.batch()).report();
    assert_eq!(place.read().dogs[0].measurement, dogs[0].measurement);
}

/// The command as a user whom rights concern; `None`, with a message, if the tests run as root and
/// that user may not even start the program.
fn without_rights(command: Command) -> Option<Command> {
    let mine = Command::new("id").arg("-u").output().unwrap();
    if mine.stdout != b"0\n" {
        return Some(command);
    }
    let nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
    let program = env!("CARGO_BIN_EXE_mungpy");
    let may = Command::new("setpriv").args(nobody).args([program, "--version"]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        eprintln!("left out: as root this needs a program that every user may start");
        return None;
    }
    let mut wrapped = Command::new("setpriv");
    wrapped.args(nobody).arg(command.get_program()).args(command.get_args());
    wrapped.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(std::process::Stdio::null());
    wrapped.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    Some(wrapped)
}

/// Lets every user read and write the place.
fn open_to_all(place: &Place) {
    let opened = Command::new("chmod").arg("-R").arg("a+rwX").arg(place.root()).status();
    assert!(opened.unwrap().success());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn lists_of_any_content_give_dogs_or_a_reason(
        csv in prop::collection::vec(any::<u8>(), 0..200),
        rows in "(dogId|imageId|energy|a|\"|,|\n|\r|독고다이|homebody|\u{feff}){0,40}",
        jsonl in "(\\{\"dogId\": \"a\"|\\}|\\[|,|\n|\"traits\": \\{|\"energy\": \"x\"|null|1e999){0,20}",
    ) {
        let place = Place::with(&[]);
        File::create(place.source().join("a.jpg")).unwrap();
        for (name, content) in
            [("dogs.csv", &csv[..]), ("dogs.csv", rows.as_bytes()), ("dogs.jsonl", jsonl.as_bytes())]
        {
            let path = place.source().join(name);
            fs::write(&path, content).unwrap();
            match FolderSource::new(&place.source()).list(&ListRequest::all(&Questionnaire::default())) {
                Ok(listing) => prop_assert_eq!(ids(&listing), ["a"]),
                Err(error) => prop_assert!(
                    [Reason::SourceMalformed, Reason::SourceUnreadable].contains(&error.reason())
                ),
            }
            fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn deeply_nested_json_is_a_line_that_is_not_understood() {
    let place = Place::with(&["long-nose.jpg"]);
    let deep = format!("{{\"dogId\": {}", "[".repeat(1_000_000));
    fs::write(place.source().join("dogs.jsonl"), deep).unwrap();
    run(&mut place.batch()).failed_as("SOURCE_MALFORMED");
}

#[test]
fn a_dog_with_hundreds_of_photos_takes_the_memory_of_one() {
    let place = Place::with(&[]);
    let dog = place.source().join("bori");
    fs::create_dir(&dog).unwrap();
    // 80 files of 10 MiB that take no place on the disk, for a batch that may take 1.2 GiB.
    for number in 0..80 {
        File::create(dog.join(format!("{number}.jpg"))).unwrap().set_len(10 << 20).unwrap();
    }
    let mut command = super::mungpy(1200 << 10);
    command.args(["batch", "--json", "--workers", "1", "--source"]).arg(place.source());
    let report = run(command.arg("--data-dir").arg(place.data())).report();
    assert_eq!(report["refusals"][0]["reason"], "PHOTO_FORMAT_UNSUPPORTED");
}

#[test]
#[ignore = "long; make torture runs it"]
fn three_hundred_thousand_dogs_stay_within_time_and_memory() {
    const DOGS: usize = 300_000;
    let mut catalogue = common::composite_catalogue();
    let known = std::mem::take(&mut catalogue.dogs);
    catalogue.dogs.extend((0..DOGS).map(|number| DogRecord {
        dog_id: format!("{number:08}"),
        ..known[number % known.len()].clone()
    }));
    let place = Place::with(&[]);
    let mut csv = "dogId,energy\n".to_owned();
    for dog in &catalogue.dogs {
        // All photos are empty, so that no measurement hides the rest of the work.
        File::create(place.source().join(format!("{}.jpg", dog.dog_id))).unwrap();
        csv.extend([&dog.dog_id, ",homebody\n"]);
    }
    fs::write(place.source().join("dogs.csv"), csv).unwrap();
    catalogue.publish(&place.catalogue()).unwrap();
    drop(catalogue);
    for (arguments, left) in [(&[][..], DOGS), (&["--max-loss", "1"][..], 0)] {
        let ended = run_within(place.batch().args(arguments), Duration::from_secs(600));
        match left {
            0 => assert_eq!(ended.code, Some(0), "{}", ended.err),
            _ => ended.failed_as("CATALOGUE_SHRINKS"),
        }
        assert_eq!(place.read().dogs.len(), left);
    }
}
