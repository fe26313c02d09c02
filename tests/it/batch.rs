//! The nightly batch over composites, with the real models.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use mungpy::{
    batch::{BatchError, BatchReport, BatchSource, RunOptions},
    catalogue::{Catalogue, DataDir},
    extract::Workers,
};
use mungpy_core::reason::{Reason, WithReason};

use mungpy_source::FolderSource;

use crate::common::{data, run_batch};

fn batch(source: &Path, data_dir: &DataDir) -> BatchReport {
    batch_with(Workers { count: 2, batch_size: 1 }, source, data_dir)
}

fn batch_with(workers: Workers, source: &Path, data_dir: &DataDir) -> BatchReport {
    run(workers, source, data_dir, RunOptions::default()).unwrap()
}

fn run(
    workers: Workers,
    source: &Path,
    data_dir: &DataDir,
    options: RunOptions,
) -> Result<BatchReport, BatchError> {
    let sources = [BatchSource::single(FolderSource::new(source))];
    run_batch(&sources, data_dir, workers, options)
}

/// A source of some composites, in its own folder.
fn source(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        fs::copy(data("dogs").join(name), folder.path().join(name)).unwrap();
    }
    folder
}

fn ids(data_dir: &DataDir) -> Vec<String> {
    let catalogue = Catalogue::read(&data_dir.catalogue_path()).unwrap();
    catalogue.dogs.into_iter().map(|dog| dog.dog_id).collect()
}

#[test]
fn a_batch_enrols_what_is_new_and_drops_what_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(folder.path());
    let source = source(&["long-nose.jpg", "short-nose.jpg", "wide-eyes.jpg", "dogs.csv"]);
    fs::copy(data("photos/alpha.png"), source.path().join("person.png")).unwrap();
    fs::write(source.path().join("broken.jpg"), b"not a photo").unwrap();
    let first = batch(source.path(), &data_dir);
    assert_eq!((first.enrolled, first.unchanged, first.removed), (3, 0, 0));
    assert_eq!((first.version, first.published, first.dogs), (1, true, 3));
    let reasons = first.refusals_by_reason();
    assert_eq!(reasons["PHOTO_FORMAT_UNSUPPORTED"], 1);
    assert_eq!(reasons["NO_FACE"], 1);
    let second = batch(source.path(), &data_dir);
    assert_eq!((second.enrolled, second.unchanged, second.removed), (0, 3, 0));
    assert_eq!((second.version, second.published), (1, false), "nothing changed");
    assert_eq!(second.refusals, first.refusals, "refusals are remembered and told again");
    fs::remove_file(source.path().join("long-nose.jpg")).unwrap();
    fs::copy(data("dogs/round-eyes.jpg"), source.path().join("round-eyes.jpg")).unwrap();
    fs::copy(data("dogs/small-nose.jpg"), source.path().join("wide-eyes.jpg")).unwrap();
    let third = batch(source.path(), &data_dir);
    assert_eq!(
        (third.enrolled, third.unchanged, third.removed),
        (2, 1, 1),
        "new and changed photos"
    );
    assert_eq!(third.version, 2);
    assert_eq!(ids(&data_dir), ["round-eyes", "short-nose", "wide-eyes"]);
    let csv = "dogId,energy\nshort-nose,homebody\n";
    fs::write(source.path().join("dogs.csv"), csv).unwrap();
    let fourth = batch(source.path(), &data_dir);
    assert!(fourth.updated >= 1 && fourth.enrolled == 0, "traits alone need no measurement");
    let catalogue = Catalogue::read(&data_dir.catalogue_path()).unwrap();
    assert_eq!(catalogue.dogs[1].traits["energy"], "homebody");
}

#[test]
fn an_emptied_source_does_not_empty_the_catalogue() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(folder.path());
    let source = source(&["long-nose.jpg"]);
    batch(source.path(), &data_dir);
    fs::remove_file(source.path().join("long-nose.jpg")).unwrap();
    let run = |allow_empty| {
        let workers = Workers { count: 1, batch_size: 1 };
        let options = RunOptions { allow_empty, ..RunOptions::default() };
        run(workers, source.path(), &data_dir, options)
    };
    assert_eq!(run(false).unwrap_err().reason(), Reason::SourceEmpty);
    assert_eq!(ids(&data_dir), ["long-nose"]);
    assert_eq!(run(true).unwrap().removed, 1);
    assert!(ids(&data_dir).is_empty());
}

#[test]
fn photos_measured_at_once_make_the_catalogue_that_they_make_one_by_one() {
    let source = source(&["short-nose.jpg", "round-eyes.jpg", "small-nose.jpg"]);
    let dog = source.path().join("bori");
    fs::create_dir(&dog).unwrap();
    fs::write(dog.join("1-broken.jpg"), b"not a photo").unwrap();
    fs::copy(data("dogs/wide-eyes.jpg"), dog.join("2.jpg")).unwrap();
    fs::copy(data("dogs/long-nose.jpg"), dog.join("3.jpg")).unwrap();
    fs::write(source.path().join("broken.jpg"), b"not a photo").unwrap();
    fs::copy(data("photos/grey.jpg"), source.path().join("person.jpg")).unwrap();
    let refused = source.path().join("refused");
    fs::create_dir(&refused).unwrap();
    fs::copy(data("photos/grey.jpg"), refused.join("1-a-person.jpg")).unwrap();
    fs::write(refused.join("2-broken.jpg"), b"not a photo").unwrap();
    let runs = [1, 3, 50].map(|batch_size| {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::new(folder.path());
        let workers = Workers { count: 2, batch_size };
        let mut report = batch_with(workers, source.path(), &data_dir);
        report.refusals.sort_by(|a, b| a.dog_id.cmp(&b.dog_id));
        let mut dogs = Catalogue::read(&data_dir.catalogue_path()).unwrap().dogs;
        for dog in &mut dogs {
            dog.enrolled_at = chrono::DateTime::UNIX_EPOCH;
        }
        (report, dogs)
    });
    assert_eq!(runs[0].1.len(), 4, "{:?}", runs[0].0);
    assert_eq!(runs[1], runs[0]);
    assert_eq!(runs[2], runs[0]);
}

#[test]
fn the_most_frontal_photo_of_a_dog_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(folder.path());
    let source = tempfile::tempdir().unwrap();
    let dog = source.path().join("bori");
    fs::create_dir(&dog).unwrap();
    fs::copy(data("photos/grey.jpg"), dog.join("1-a-person.jpg")).unwrap();
    fs::copy(data("dogs/wide-eyes.jpg"), dog.join("2-a-dog.jpg")).unwrap();
    let report = batch(source.path(), &data_dir);
    assert_eq!((report.enrolled, report.refusals.len()), (1, 0));
    let catalogue = Catalogue::read(&data_dir.catalogue_path()).unwrap();
    assert_eq!(catalogue.dogs[0].image_id, "bori/2-a-dog.jpg");
}

/// `mungpy batch` as a separate process, over a copy of the composites.
fn batch_command(source: &Path, data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mungpy"));
    command.arg("batch").arg("--source").arg(source).arg("--data-dir").arg(data_dir);
    command
}

#[test]
fn a_killed_batch_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let source = tempfile::tempdir().unwrap();
    let composites = mungpy_source::photos_in(&data("dogs")).unwrap();
    // Enough for more than one flush of the store.
    for copy in 0..8 {
        for photo in &composites {
            let name = format!("{copy}-{}", photo.file_name().unwrap().to_str().unwrap());
            fs::copy(photo, source.path().join(name)).unwrap();
        }
    }
    let all = 8 * composites.len();
    let mut child =
        batch_command(source.path(), folder.path()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // Plain progress lines come at every tenth; at 8/10 most of the work is done.
    let reached = lines.map_while(Result::ok).any(|line| {
        let done = line.split(['/', ' ']).nth(1).and_then(|done| done.parse::<usize>().ok());
        done.is_some_and(|done| done * 10 >= all * 8)
    });
    assert!(reached, "the batch was still running");
    child.kill().unwrap();
    child.wait().unwrap();
    let data_dir = DataDir::new(folder.path());
    assert!(Catalogue::read(&data_dir.catalogue_path()).is_err(), "nothing half-done is published");
    let report = batch(source.path(), &data_dir);
    println!("after kill -9: {} measured anew, {} kept", report.enrolled, report.unchanged);
    assert_eq!(report.enrolled + report.unchanged, all);
    assert!(report.unchanged >= 64, "only {} were kept", report.unchanged);
}

#[test]
#[ignore = "mounts a disk of its own"]
fn a_full_disk_is_said_to_be_and_the_old_catalogue_stays() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(&["long-nose.jpg", "short-nose.jpg", "wide-eyes.jpg"]);
    // A separate disk, visible only to this process. Once it holds a catalogue, it is filled to the
    // last page.
    let script = r#"
        mount -t tmpfs -o size=4m none "$DISK" || exit 99
        "$@" || exit 98
        cp "$DISK/catalogue.mungpy" "$KEPT"
        rm "$SOURCE/long-nose.jpg"
        cat /dev/zero > "$DISK/ballast" 2>/dev/null
        "$@"; code=$?
        cmp "$DISK/catalogue.mungpy" "$KEPT" || exit 97
        rm "$DISK/ballast"
        "$@" || exit 96
        exit $code
    "#;
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let batch = batch_command(source.path(), &disk);
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", script, "sh"]).arg(batch.get_program()).args(batch.get_args());
    command.envs(batch.get_envs().filter_map(|(key, value)| Some((key, value?))));
    command.env("DISK", &disk).env("SOURCE", source.path()).env("KEPT", folder.path().join("kept"));
    let output = command.output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("[DISK_FULL]"), "{err}");
}
