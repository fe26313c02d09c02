//! Files that a user or a source names: pipes, devices, files without end.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use super::{MEMORY_KIB, Place, mkfifo, mungpy, run};
use crate::common::data;

/// 3 GB of nothing, which takes no place on the disk.
fn huge(path: &Path) {
    File::create(path).unwrap().set_len(3 << 30).unwrap();
}

/// Paths that must not be read to their end, all named like photos.
fn endless(place: &Place) -> [PathBuf; 4] {
    let at = |name: &str| place.root().join(name);
    let paths = [at("pipe.jpg"), at("zero.jpg"), at("huge.jpg"), at("folder.jpg")];
    mkfifo(&paths[0]);
    symlink("/dev/zero", &paths[1]).unwrap();
    huge(&paths[2]);
    fs::create_dir(&paths[3]).unwrap();
    paths
}

#[test]
fn photos_of_dogs_that_are_no_files_are_refused_and_the_others_are_measured() {
    let place = Place::with(&["long-nose.jpg"]);
    let source = place.source();
    mkfifo(&source.join("pipe.jpg"));
    symlink("/dev/zero", source.join("zero.jpg")).unwrap();
    symlink("loop.jpg", source.join("loop.jpg")).unwrap();
    symlink("/proc/self/mem", source.join("memory.jpg")).unwrap();
    huge(&source.join("huge.jpg"));
    let report = run(&mut place.batch()).report();
    assert_eq!(report["enrolled"], 1, "{report}");
    let refusals = report["refusals"].as_array().unwrap().iter();
    let mut refused: Vec<_> = refusals
        .map(|refusal| (refusal["dogId"].as_str().unwrap(), refusal["reason"].as_str().unwrap()))
        .collect();
    refused.sort_unstable();
    let expected = [
        ("huge", "PHOTO_TOO_MANY_BYTES"),
        ("loop", "PHOTO_UNREADABLE"),
        ("memory", "PHOTO_UNREADABLE"),
        ("pipe", "PHOTO_UNREADABLE"),
        ("zero", "PHOTO_UNREADABLE"),
    ];
    assert_eq!(refused, expected);
}

#[test]
fn a_dog_keeps_its_measurement_while_its_photo_is_no_file() {
    let place = Place::published();
    run(&mut place.batch()).report();
    let before = place.ids();
    let photo = place.source().join("long-nose.jpg");
    fs::remove_file(&photo).unwrap();
    mkfifo(&photo);
    let report = run(&mut place.batch()).report();
    assert_eq!(report["refusals"][0]["reason"], "PHOTO_UNREADABLE");
    assert_eq!(place.ids(), before);
}

#[test]
fn lists_of_dogs_that_are_no_files_end_the_batch_with_a_reason() {
    for list in ["dogs.csv", "dogs.jsonl"] {
        let place = Place::with(&["long-nose.jpg"]);
        let list = place.source().join(list);
        mkfifo(&list);
        run(&mut place.batch()).failed_as("SOURCE_UNREADABLE");
        fs::remove_file(&list).unwrap();
        symlink("/dev/zero", &list).unwrap();
        run(&mut place.batch()).failed_as("SOURCE_UNREADABLE");
        fs::remove_file(&list).unwrap();
        huge(&list);
        run(&mut place.batch()).failed_as("SOURCE_UNREADABLE");
        fs::write(&list, b"dogId\n\xff\xfe\n").unwrap();
        run(&mut place.batch()).failed_as("SOURCE_MALFORMED");
    }
}

#[test]
fn extract_refuses_what_is_no_file_and_goes_on() {
    let place = Place::with(&[]);
    let mut command = mungpy(MEMORY_KIB);
    command.args(["extract", "--species", "dog", "--workers", "1"]).args(endless(&place));
    let ended = run(command.arg(data("dogs/long-nose.jpg")));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let lines: Vec<&str> = ended.out.lines().filter(|line| !line.starts_with(' ')).collect();
    let ends = ["[PHOTO_UNREADABLE]", "[PHOTO_UNREADABLE]", "[PHOTO_TOO_MANY_BYTES]"];
    for (line, end) in lines.iter().zip(ends) {
        assert!(line.ends_with(end), "{line}");
    }
    assert!(lines[3].ends_with("[PHOTO_UNREADABLE]") && lines[4].contains("between the eyes"));
}

#[test]
fn match_refuses_what_is_no_file() {
    let place = Place::published();
    let reasons = ["FILE_UNUSABLE", "FILE_UNUSABLE", "PHOTO_TOO_MANY_BYTES", "FILE_UNUSABLE"];
    for (path, reason) in endless(&place).iter().zip(reasons) {
        let mut command = mungpy(MEMORY_KIB);
        command.arg("--data-dir").arg(place.data()).arg("match").arg(path);
        run(&mut command).failed_as(reason);
    }
}

#[test]
fn settings_that_are_no_files_are_refused() {
    let place = Place::published();
    for path in endless(&place) {
        for argument in ["--config", "--temperament", "--person-estimator"] {
            let mut command = mungpy(MEMORY_KIB);
            command.arg("--data-dir").arg(place.data()).arg(argument).arg(&path);
            run(command.arg("match").arg(data("persons/wide-set-eyes.jpg")))
                .failed_as("FILE_UNUSABLE");
        }
    }
}

#[test]
fn a_catalogue_or_a_model_that_is_no_file_is_refused() {
    let place = Place::with(&[]);
    mkfifo(&place.catalogue());
    let mut command = mungpy(MEMORY_KIB);
    command.arg("--data-dir").arg(place.data()).arg("match");
    run(command.arg(data("persons/wide-set-eyes.jpg"))).failed_as("DATA_DIR_UNUSABLE");
    let models = place.root().join("models");
    fs::create_dir(&models).unwrap();
    mkfifo(&models.join("dog-face-detector.dat"));
    run(place.batch().arg("--models").arg(&models)).failed_as("MODEL_UNREADABLE");
}
