//! From photo to proportions with the real models, for both species.

use std::{fs, path::PathBuf};

use crate::common::{bytes, composites, dog_extractor, person_extractor, shared, shipped_models};
use mungpy::{
    extract::{ExtractError, Extraction, Extractor, for_each_parallel},
    photo::{Photo, Turn},
    vision::{Models, prepare_process},
};
use mungpy_core::{
    face::{ModelOrigin, Ratio, Species, landmarks::distance},
    reason::{Reason, WithReason},
};

/// Limit for the landmark error on composites, as a share of the interocular distance. The
/// predictor was trained on real faces, so averaged ones must be well within its error.
const COMPOSITE_NME: f64 = 0.05;

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
        // Put the photo into the corner of a larger picture that repeats its border.
        let length = face.side() * picture as f64 / head;
        let far = near.raster.chip(-0.6 * length, -0.3 * length, length, picture).unwrap();
        let Ok(found) = extractor.extract(&far.raster.encode_png().unwrap()) else { continue };
        let expected = composite.landmarks().map(|point| far.from_raster(near.to_raster(point)));
        errors.push(found.landmarks.normalised_mean_error(&expected));
    }
    println!("{} of {} found, errors {errors:.3?}", errors.len(), dogs.len());
    assert!(3 * errors.len() >= 2 * dogs.len(), "{} of {}", errors.len(), dogs.len());
    assert!(errors.iter().all(|&error| error < 0.15), "{errors:.3?}");
}

#[test]
fn a_strip_shows_no_face_and_is_no_fault_of_the_program() {
    let mut strip = Vec::new();
    let mut encoder = png::Encoder::new(&mut strip, 800, 20).write_header().unwrap();
    encoder.write_image_data(&[90; 800 * 20]).unwrap();
    encoder.finish().unwrap();
    for mut extractor in [dog_extractor(), person_extractor()] {
        assert_eq!(extractor.extract(&strip).unwrap_err().reason(), Reason::NoFace);
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

/// Number of photos that show a face for which `rule` holds.
fn count(photos: &[PathBuf], extractor: Extractor, rule: fn(&Extraction) -> bool) -> usize {
    let mut count = 0;
    let work = |extractor: &mut Extractor, path: &PathBuf| {
        extractor.extract(&fs::read(path).unwrap()).is_ok_and(|face| rule(&face))
    };
    for_each_parallel(extractor, 2, photos, work, |_, holds| {
        count += usize::from(holds);
        Ok::<_, ExtractError>(())
    })
    .unwrap();
    count
}

/// Where a photo is measured with others, its landmarks may move by this share of the distance
/// between the eyes.
const MOST_MOVED: f64 = 0.0005;

/// Measures photos alone and with `batch_size` others, and compares. Returns how many show a face.
fn compare_with_batches(paths: &[PathBuf], extractor: &mut Extractor, batch_size: usize) -> usize {
    let photos: Vec<Photo> =
        paths.iter().map(|path| Photo::decode(&fs::read(path).unwrap()).unwrap()).collect();
    let mut faces = 0;
    for some in photos.chunks(batch_size) {
        let together = extractor.extract_many(&some.iter().collect::<Vec<_>>());
        for (photo, together) in some.iter().zip(together) {
            let (alone, together) = match (extractor.extract_decoded(photo), together) {
                (Ok(alone), Ok(together)) => (alone, together),
                (alone, together) => {
                    let reason = |found: Result<_, ExtractError>| found.err().map(|e| e.reason());
                    assert_eq!(reason(alone.map(drop)), reason(together.map(drop)));
                    continue;
                }
            };
            let moved = alone.landmarks.normalised_mean_error(&together.landmarks);
            assert!(moved <= MOST_MOVED, "{moved}");
            assert_eq!(alone.faces_found, together.faces_found);
            faces += 1;
        }
    }
    faces
}

#[test]
fn composites_measure_the_same_alone_and_in_a_batch() {
    for (folder, mut extractor) in [("dogs/", dog_extractor()), ("persons/", person_extractor())] {
        let paths: Vec<PathBuf> = composites(folder)
            .iter()
            .map(|composite| crate::common::data(&composite.photo))
            .collect();
        compare_with_batches(&paths, &mut extractor, 5);
    }
}

#[test]
#[ignore = "needs ../shared"]
fn a_photo_measures_the_same_alone_and_in_a_batch() {
    let scenes = mungpy_source::photos_in(&shared("data/dog-scenes")).unwrap();
    let heads = mungpy_source::photos_in(&shared("data/dog-faces/images")).unwrap();
    let dogs: Vec<PathBuf> = scenes.into_iter().chain(heads.into_iter().step_by(25)).collect();
    for (paths, mut extractor) in [(dogs, dog_extractor()), (people(8), person_extractor())] {
        let faces = compare_with_batches(&paths, &mut extractor, 8);
        println!("{faces} faces in {} photos", paths.len());
        assert!(2 * faces >= paths.len(), "{faces} of {}", paths.len());
    }
}

/// The first photo of every `step`-th person.
fn people(step: usize) -> Vec<PathBuf> {
    let folders = mungpy_source::sorted_entries(&shared("data/people")).unwrap();
    let folders = folders.iter().filter(|path| path.is_dir()).step_by(step);
    folders.map(|folder| mungpy_source::photos_in(folder).unwrap().remove(0)).collect()
}

#[test]
#[ignore = "needs ../shared"]
fn real_scenes_and_real_persons_yield_landmarks() {
    let scenes = mungpy_source::photos_in(&shared("data/dog-scenes")).unwrap();
    let dogs = count(&scenes, dog_extractor(), |_| true);
    println!("{dogs} of {} scenes", scenes.len());
    assert!(dogs >= 18, "{dogs} of {}", scenes.len());
    let people = &people(1)[..60];
    let found = count(people, person_extractor(), |_| true);
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

/// Limits the landmark error on composite persons, as a share of the interocular distance. The
/// network pulls extreme faces slightly towards the mean; the 68 points do not.
#[test]
fn composite_persons_are_measured_as_they_were_made() {
    let models = Models::new(&[shipped_models()]);
    for (landmarks, limit) in [(ModelOrigin::Own, 0.055), (ModelOrigin::Dlib, 0.03)] {
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
    // The photo is 240 px wide; turning it clockwise moves (x, y) to (239 - y, x).
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
