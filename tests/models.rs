//! The shipped models load, verify and find the composites' landmarks.
#![cfg(feature = "engine")]

mod common;

use std::fs;

use common::{bytes, composites, dog_extractor, person_extractor, shipped_models};
use mungpy::{
    extract::{Extractor, ExtractorPool},
    face::{PersonLandmarks, Species},
    photo::{Photo, Turn},
    vision::{Detector, LandmarkNetwork, Models, Predictor, Role, prepare_process},
};

#[test]
fn every_shipped_model_is_what_the_manifest_says() {
    let models = Models::new(&[shipped_models()]);
    for role in [Role::DogDetector, Role::DogLandmarks, Role::PersonLandmarks] {
        let model = models.verified(role).unwrap();
        assert!(model.entry.version().contains('@'));
    }
    let trees = models.verified(Role::PersonLandmarksPublished).unwrap();
    let network = models.verified(Role::DogLandmarks).unwrap();
    let error = Predictor::new(&trees, 16).err().unwrap();
    assert_eq!(error.reason(), "MODEL_REJECTED", "{error}");
    assert!(error.to_string().contains("68"), "{error}");
    assert_eq!(LandmarkNetwork::new(&trees).err().unwrap().reason(), "MODEL_REJECTED");
    assert_eq!(Detector::cnn(&network).err().unwrap().reason(), "MODEL_REJECTED");
}

#[test]
fn a_damaged_or_missing_model_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut damaged = fs::read(shipped_models().join("dog-face-landmarks-16.onnx")).unwrap();
    damaged[1000] ^= 1;
    fs::write(folder.path().join("dog-face-landmarks-16.onnx"), &damaged).unwrap();
    let models = Models::new(&[folder.path().to_owned()]);
    let error = models.verified(Role::DogLandmarks).err().unwrap();
    assert_eq!(error.reason(), "MODEL_CORRUPTED");
    fs::write(folder.path().join("dog-face-landmarks-16.onnx"), b"").unwrap();
    assert_eq!(models.verified(Role::DogLandmarks).err().unwrap().reason(), "MODEL_CORRUPTED");
    // Named nowhere: the published detector is not shipped.
    let error = Models::new(&[]).verified(Role::DogDetectorPublished).err().unwrap();
    assert_eq!(error.reason(), "MODEL_MISSING");
    assert!(error.to_string().contains("mungpy models fetch"), "{error}");
    fs::create_dir(folder.path().join("dogHeadDetector.dat")).unwrap();
    let error = models.verified(Role::DogDetectorPublished).err().unwrap();
    assert_eq!(error.reason(), "MODEL_UNREADABLE");
}

/// Landmark error on composite persons, as a share of the interocular distance: the
/// network draws extreme faces a little towards the mean, the 68 points do not.
#[test]
fn composite_persons_are_measured_as_they_were_made() {
    let models = Models::new(&[shipped_models()]);
    for (landmarks, limit) in [(PersonLandmarks::Own, 0.05), (PersonLandmarks::Published, 0.03)] {
        let models = models.clone().with_person_landmarks(landmarks);
        let extractor = Extractor::load(Species::Person, &models).unwrap();
        composite_persons_within(limit, extractor);
    }
}

fn composite_persons_within(limit: f64, mut extractor: Extractor) {
    prepare_process();
    for composite in composites("persons/") {
        let found = extractor.extract(&bytes(&composite.photo)).unwrap();
        found.check().unwrap();
        assert_eq!((found.faces_found, found.turn), (1, Turn::None));
        let error = found.landmarks.normalised_mean_error(&composite.landmarks());
        println!("{:<36} NME {:.1} %", composite.photo, error * 100.0);
        assert!(error < limit, "{}: NME {error}", composite.photo);
    }
}

#[test]
fn a_sideways_face_is_found_and_measures_the_same() {
    let mut extractor = person_extractor();
    let upright = extractor.extract(&bytes("photos/progressive.jpg")).unwrap();
    let sideways = extractor.extract(&bytes("photos/sideways.jpg")).unwrap();
    assert_eq!(sideways.turn, Turn::ThreeQuarters);
    assert!((sideways.quality.roll - 90.0).abs() < 3.0, "{}", sideways.quality.roll);
    // The photo is 240 px wide; turned clockwise, (x, y) goes to (239 - y, x).
    let turned = upright.landmarks.map(|[x, y]| [239.0 - y, x]);
    let error = sideways.landmarks.normalised_mean_error(&turned);
    assert!(error < 0.02, "NME {error}");
}

#[test]
fn a_mirrored_photo_measures_the_same() {
    let (mut persons, mut dogs) = (person_extractor(), dog_extractor());
    for composite in composites("persons/").iter().chain(&composites("dogs/")[..3]) {
        let extractor = if composite.species == "dog" { &mut dogs } else { &mut persons };
        let photo = Photo::decode(&bytes(&composite.photo)).unwrap();
        let mirrored = Photo { raster: photo.raster.mirrored().unwrap(), ..photo };
        let plain = Photo::decode(&bytes(&composite.photo)).unwrap();
        let plain = extractor.extract_decoded(&plain).unwrap();
        let mirrored = extractor.extract_decoded(&mirrored).unwrap();
        let ratios = plain.measurement.log_ratios.iter().zip(mirrored.measurement.log_ratios);
        for (a, b) in ratios {
            assert!((a - b).abs() < 1e-9, "{}: {a} and {b}", composite.photo);
        }
    }
}

#[test]
fn dlib_refuses_in_words_what_it_would_abort_on() {
    let photo = Photo::decode(&bytes("photos/grey.jpg")).unwrap();
    let tiny = photo.raster.resized(8).unwrap();
    let mut detector = Detector::frontal_person().unwrap();
    for _ in 0..3 {
        let error = detector.detect(&tiny).unwrap_err();
        assert_eq!(error.reason(), "VISION_FAILED");
        assert!(error.to_string().contains("8x8"), "{error}");
    }
    assert_eq!(detector.detect(&photo.raster.resized(480).unwrap()).unwrap().len(), 1);
}

#[test]
fn a_pool_gives_its_extractors_back_even_after_a_panic() {
    let pool = ExtractorPool::new(person_extractor(), 1).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        pool.with(|_| panic!("on purpose"));
    }));
    assert!(panicked.is_err());
    let photo = bytes("photos/grey.jpg");
    assert!(pool.with(|extractor| extractor.extract(&photo)).is_ok());
}
