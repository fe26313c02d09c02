//! Model files: found, verified or refused.

use std::{fs, process::Command};

use mungpy::{
    extract::Extractor,
    photo::{Photo, Raster},
    vision::{CHIP_SIDE, Detector, LandmarkNetwork, Look, Models, Predictor, Role},
};
use mungpy_core::{
    face::{ModelOrigin, Species},
    reason::{Reason, WithReason},
};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::common::{bytes, composites, data, shared, shipped_models};

#[test]
fn every_shipped_model_is_what_the_manifest_says() {
    let models = Models::new(&[shipped_models()]);
    for role in Role::ALL {
        let model = models.verified(role).unwrap();
        assert!(model.entry.version().contains('@'));
    }
    let trees = models
        .clone()
        .with_person_landmarks(ModelOrigin::Dlib)
        .verified(Role::PersonLandmarks)
        .unwrap();
    let network = models.verified(Role::DogLandmarks).unwrap();
    let error = Predictor::new(&trees, 16).err().unwrap();
    assert_eq!(error.reason(), Reason::ModelRejected, "{error}");
    assert!(error.to_string().contains("68"), "{error}");
    assert_eq!(LandmarkNetwork::new(&trees).err().unwrap().reason(), Reason::ModelRejected);
    assert_eq!(Detector::cnn(&network).err().unwrap().reason(), Reason::ModelRejected);
    assert_eq!(Detector::hog(&network).err().unwrap().reason(), Reason::ModelRejected);
}

#[test]
fn a_damaged_or_missing_model_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut damaged = fs::read(shipped_models().join("dog-face-landmarks-16.dat")).unwrap();
    damaged[1000] ^= 1;
    fs::write(folder.path().join("dog-face-landmarks-16.dat"), &damaged).unwrap();
    let models = Models::new(&[folder.path().to_owned()]);
    let error = models.verified(Role::DogLandmarks).err().unwrap();
    assert_eq!(error.reason(), Reason::ModelCorrupted);
    fs::write(folder.path().join("dog-face-landmarks-16.dat"), b"").unwrap();
    assert_eq!(models.verified(Role::DogLandmarks).err().unwrap().reason(), Reason::ModelCorrupted);
    // No directory is named, and dlib's detector is not shipped.
    let error = Models::new(&[])
        .with_dog_detector(ModelOrigin::Dlib)
        .verified(Role::DogDetector)
        .err()
        .unwrap();
    assert_eq!(error.reason(), Reason::ModelMissing);
    assert!(error.to_string().contains("mungpy models fetch"), "{error}");
    fs::create_dir(folder.path().join("dogHeadDetector.dat")).unwrap();
    let error =
        models.with_dog_detector(ModelOrigin::Dlib).verified(Role::DogDetector).err().unwrap();
    assert_eq!(error.reason(), Reason::ModelUnreadable);
}

#[test]
fn a_chip_shows_the_same_alone_and_among_others() {
    let models = Models::new(&[shipped_models()]);
    let mut network = LandmarkNetwork::new(&models.verified(Role::DogLandmarks).unwrap()).unwrap();
    let photos = composites("dogs/").into_iter().chain(composites("persons/"));
    let chips: Vec<Raster> = photos
        .map(|composite| {
            let raster = Photo::decode(&bytes(&composite.photo)).unwrap().raster;
            raster.chip(0.0, 0.0, raster.long_side() as f64, CHIP_SIDE).unwrap().raster
        })
        .collect();
    let look = |network: &mut LandmarkNetwork, chips: &[&Raster]| -> Vec<Look> {
        network.predict(chips).into_iter().map(Result::unwrap).collect()
    };
    let alone: Vec<Look> = chips.iter().map(|chip| look(&mut network, &[chip])[0]).collect();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..6 {
        let picked: Vec<usize> =
            (0..random.random_range(1..12)).map(|_| random.random_range(0..chips.len())).collect();
        let some: Vec<&Raster> = picked.iter().map(|&number| &chips[number]).collect();
        for (number, among) in picked.into_iter().zip(look(&mut network, &some)) {
            assert_eq!(among, alone[number], "in a run of {}", some.len());
        }
    }
}

#[test]
fn dlib_refuses_in_words_what_it_would_abort_on() {
    let photo = Photo::decode(&bytes("photos/grey.jpg")).unwrap();
    let tiny = photo.raster.resized(8).unwrap();
    let models = Models::new(&[shipped_models()]);
    let mut detector = Detector::hog(&models.verified(Role::PersonDetector).unwrap()).unwrap();
    for _ in 0..3 {
        let error = detector.detect(&tiny).unwrap_err();
        assert_eq!(error.reason(), Reason::VisionFailed);
        assert!(error.to_string().contains("8x8"), "{error}");
    }
    assert_eq!(detector.detect(&photo.raster.resized(480).unwrap()).unwrap().len(), 1);
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
        assert_eq!(error.reason(), Reason::ModelCorrupted);
    }
    assert!(Models::new(&[shipped_models()]).verified(Role::DogDetector).is_ok());
}

#[test]
#[ignore = "needs ../shared"]
fn the_detector_of_dlib_can_be_chosen() {
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
    let published = ["--detector", "dlib", "--models", "mungpy-models"];
    let find = ["extract", "--species", "dog", "--json", photo];
    let found = mungpy(&[&published[..], &find[..]].concat());
    assert!(found.contains("\"landmarks\""), "{found}");
    assert_ne!(found, mungpy(&find), "another detector finds another box");
}
