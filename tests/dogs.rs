//! Dogs by the real models, from photo to catalogue. The tests that need the
//! photos or models of ../shared run with `make test-shared`.
#![cfg(feature = "engine")]

mod common;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use common::{bytes, composites, data, dog_extractor, shared, shipped_models};
use opencv::{
    core::{CV_8UC3, Mat, Scalar, Vector},
    imgcodecs,
};

use mungpy::{
    batch::{Batch, BatchReport},
    catalog::{Catalogue, DataDir, FolderSource},
    extract::{Extraction, Extractor, spread},
    face::{Ratio, Species, landmarks::distance},
    photo::Photo,
    temperament::Questionnaire,
    vision::{Models, Role},
};

/// Landmark error on composites, as a share of the interocular distance: the
/// predictor has seen real faces, so averaged ones must be well within its error.
const COMPOSITE_NME: f64 = 0.05;

fn batch(source: &Path, data_dir: &DataDir) -> BatchReport {
    let questionnaire = Questionnaire::default();
    let (source, questionnaire) = (&FolderSource::new(source), &questionnaire);
    let batch = Batch { source, data_dir, questionnaire, workers: 2, allow_empty: false };
    batch.run(dog_extractor(), |_, _| {}).unwrap()
}

/// A source of some composites in a folder of its own.
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
fn composite_dogs_are_measured_as_they_were_made() {
    let mut extractor = dog_extractor();
    let mut errors = Vec::new();
    for composite in composites("dogs/").iter().chain(&composites("measure/")) {
        let found = extractor.extract(&bytes(&composite.photo)).unwrap();
        found.check().unwrap();
        assert_eq!(found.faces_found, 1, "{}", composite.photo);
        let error = found.landmarks.normalised_mean_error(&composite.landmarks());
        println!("{:<36} NME {:.1} %", composite.photo, error * 100.0);
        errors.push(error);
    }
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    println!("mean NME {:.1} %", mean * 100.0);
    assert!(mean <= COMPOSITE_NME, "mean NME {mean}");
}

#[test]
fn a_head_of_40_px_is_found_by_a_closer_look() {
    let mut extractor = dog_extractor();
    let dogs: Vec<_> = composites("dogs/").into_iter().step_by(4).collect();
    let (mut errors, head, picture) = (Vec::new(), 40.0, 960);
    for composite in &dogs {
        let near = Photo::decode(&bytes(&composite.photo)).unwrap();
        let face = extractor.extract_decoded(&near).unwrap().face;
        // The photo in the corner of a larger picture that repeats its border.
        let length = face.side() * picture as f64 / head;
        let far = near.raster.chip(-0.6 * length, -0.3 * length, length, picture).unwrap();
        let Ok(found) = extractor.extract(&far.raster.encode(".png").unwrap()) else { continue };
        let expected = composite.landmarks().map(|point| far.from_raster(near.to_raster(point)));
        errors.push(found.landmarks.normalised_mean_error(&expected));
    }
    println!("{} of {} found, errors {errors:.3?}", errors.len(), dogs.len());
    assert!(3 * errors.len() >= 2 * dogs.len(), "{} of {}", errors.len(), dogs.len());
    assert!(errors.iter().all(|&error| error < 0.15), "{errors:.3?}");
}

#[test]
fn a_strip_shows_no_face_and_is_no_fault_of_the_program() {
    let strip = Mat::new_rows_cols_with_default(20, 800, CV_8UC3, Scalar::all(90.0)).unwrap();
    let mut png = Vector::new();
    assert!(imgcodecs::imencode_def(".png", &strip, &mut png).unwrap());
    for mut extractor in [dog_extractor(), common::person_extractor()] {
        assert_eq!(extractor.extract(png.as_slice()).unwrap_err().reason(), "NO_FACE");
    }
}

#[test]
fn an_eye_gap_made_a_fifth_wider_measures_a_fifth_wider() {
    let mut extractor = dog_extractor();
    let mut measure = |stem: &str| {
        let found = extractor.extract(&bytes(&format!("measure/{stem}.jpg"))).unwrap();
        let gap = distance(found.landmarks.0[2], found.landmarks.0[4]);
        (gap, found.landmarks.interocular_distance(), found.measurement.log_ratios)
    };
    let (base, interocular, base_ratios) = measure("base");
    let (wide, _, wide_ratios) = measure("base-eye-gap-120");
    println!("eye gap {base:.1} px and {wide:.1} px: {:.3} times as wide", wide / base);
    // Each of the four corners may be off by the landmark error.
    let tolerance = COMPOSITE_NME * interocular / base;
    assert!((wide / base - 1.2).abs() < tolerance, "{} within {tolerance}", wide / base);
    let ratio =
        |ratios: &[f64], ratio| ratios[Ratio::ALL.iter().position(|&r| r == ratio).unwrap()];
    let gap = |ratios: &[f64]| ratio(ratios, Ratio::IntercanthalDistance);
    assert!(gap(&wide_ratios) > gap(&base_ratios), "the ratio grows as well");
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
    let questionnaire = Questionnaire::default();
    let run = |allow_empty| {
        let (data_dir, questionnaire) = (&data_dir, &questionnaire);
        let source = &FolderSource::new(source.path());
        let batch = Batch { source, data_dir, questionnaire, workers: 1, allow_empty };
        batch.run(dog_extractor(), |_, _| {})
    };
    assert_eq!(run(false).unwrap_err().reason(), "SOURCE_EMPTY");
    assert_eq!(ids(&data_dir), ["long-nose"]);
    assert_eq!(run(true).unwrap().removed, 1);
    assert!(ids(&data_dir).is_empty());
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

/// How many of the photos show a face of which `rule` holds.
fn count(photos: &[PathBuf], extractor: Extractor, rule: fn(&Extraction) -> bool) -> usize {
    let mut count = 0;
    let work = |extractor: &mut Extractor, path: &PathBuf| {
        extractor.extract(&fs::read(path).unwrap()).is_ok_and(|face| rule(&face))
    };
    spread(extractor, 2, photos, work, |_, holds| {
        count += usize::from(holds);
        Ok::<_, mungpy::extract::ExtractError>(())
    })
    .unwrap();
    count
}

/// The first photo of every `step`-th person.
fn people(step: usize) -> Vec<PathBuf> {
    let folders = mungpy::catalog::sorted_entries(&shared("data/people")).unwrap();
    let folders = folders.iter().filter(|path| path.is_dir()).step_by(step);
    folders.map(|folder| mungpy::catalog::photos_in(folder).unwrap().remove(0)).collect()
}

#[test]
#[ignore = "needs ../shared"]
fn real_scenes_and_real_persons_yield_landmarks() {
    let scenes = mungpy::catalog::photos_in(&shared("data/dog-scenes")).unwrap();
    let dogs = count(&scenes, dog_extractor(), |_| true);
    println!("{dogs} of {} scenes", scenes.len());
    assert!(dogs >= 18, "{dogs} of {}", scenes.len());
    let people = &people(1)[..60];
    let found = count(people, common::person_extractor(), |_| true);
    println!("{found} of {} persons", people.len());
    assert!(found * 100 >= people.len() * 90, "{found} of {}", people.len());
}

#[test]
#[ignore = "needs ../shared"]
fn people_are_not_taken_for_dogs() {
    let people = people(2);
    let taken = count(&people, dog_extractor(), |face| face.check().is_ok());
    println!("{taken} of {} people were taken for dogs", people.len());
    assert!(taken * 50 <= people.len(), "{taken} of {}", people.len());
}

#[test]
fn a_damaged_or_missing_model_is_refused_before_dlib_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(shipped_models().join("dog-face-detector.dat")).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 10) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x01;
        fs::write(folder.path().join("dog-face-detector.dat"), damaged).unwrap();
        let models = Models::new(&[folder.path().to_owned(), shipped_models()]);
        let error = Extractor::load(Species::Dog, &models).err().unwrap();
        assert_eq!(error.reason(), "MODEL_CORRUPTED");
    }
    assert!(Models::new(&[shipped_models()]).verified(Role::DogDetector).is_ok());
}

#[test]
#[ignore = "needs ../shared"]
fn the_published_detector_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let mungpy = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mungpy"));
        let output = command.args(args).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let mirror = shared("models");
    mungpy(&["models", "fetch", "--from", mirror.to_str().unwrap()]);
    let photo = data("dogs/round-eyes.jpg");
    let photo = photo.to_str().unwrap();
    let published = ["--detector", "published", "--models", "mungpy-models"];
    let find = ["extract", "--species", "dog", "--json", photo];
    let found = mungpy(&[&published[..], &find[..]].concat());
    assert!(found.contains("\"landmarks\""), "{found}");
    assert_ne!(found, mungpy(&find), "another detector finds another box");
}

/// `mungpy batch` as a process of its own, over a copy of the composites.
fn batch_command(source: &Path, data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mungpy"));
    command.arg("batch").arg("--source").arg(source).arg("--data-dir").arg(data_dir);
    command
}

#[test]
fn a_killed_batch_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let source = tempfile::tempdir().unwrap();
    let composites = mungpy::catalog::photos_in(&data("dogs")).unwrap();
    // More than one flush of the store.
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
    // Plain progress lines come at every tenth; most of the work is done at 8/10.
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
    // A disk of its own, visible to this process alone; once it holds a
    // catalogue it is filled to the last page.
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
