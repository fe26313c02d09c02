//! Photos from their bytes to landmarks, with the real models.

use std::fs;

use mungpy::{
    extract::{Demand, ExtractError, Extraction, MAX_FACES, PhotoPortrait},
    photo::{Header, MAX_SIDE, Photo},
};
use mungpy_core::{
    face::{self, Landmarks, Quality, Species},
    reason::{Section, WithReason},
};

use super::{damage, models::with_extractor, png};

/// Most pixels of a photo that is decoded here: a larger one only takes longer.
const DECODED_PIXELS: u32 = 1_000_000;
/// Most pixels of a photo in which faces are searched for.
const SEARCHED_PIXELS: u32 = 25_000;

#[test]
fn any_bytes_keep_the_rules() {
    bolero::check!(name = "photos").with_iterations(500).for_each(check);
}

#[test]
fn damage_keeps_the_rules() {
    damage::check("photos", 60, check);
}

/// Without faces in the seeds, no search would come as far as landmarks.
#[test]
fn the_seeds_show_faces() {
    let read = |name: &str| fs::read(damage::corpus("photos").join(name)).unwrap();
    for (name, species) in [
        ("dog.jpg", Species::Dog),
        ("face.jpg", Species::Person),
        ("face.png", Species::Person),
        ("sideways.jpg", Species::Person),
    ] {
        let found = with_extractor(species, |extractor| extractor.extract(&read(name)));
        assert!(found.is_ok(), "{name}: {}", found.unwrap_err());
    }
    let faces = with_extractor(Species::Person, |extractor| {
        extractor.portray(&read("faces.jpg"), &Demand::default()).unwrap().faces.len()
    });
    assert_eq!(faces, 1);
}

fn check(bytes: &[u8]) {
    let bytes = png::with_checksums(bytes);
    let header = match Header::read(&bytes) {
        Ok(header) => header,
        Err(error) => {
            let refused = Photo::decode(&bytes).err().map(|error| error.reason());
            assert_eq!(refused, Some(error.reason()), "a refused header is never decoded");
            return;
        }
    };
    let pixels = header.width * header.height;
    if pixels > DECODED_PIXELS {
        return;
    }
    match Photo::decode(&bytes) {
        Ok(photo) => check_photo(&bytes, &header, &photo),
        Err(error) => {
            assert!(error.is_fault_of_photo(), "{error}");
            assert_eq!(error.reason().entry().section, Section::Photo, "{error}");
            return;
        }
    }
    if pixels > SEARCHED_PIXELS {
        return;
    }
    // One of them at a time, because each takes most of the time that there is. Dogs take longer.
    match bytes.len() % 4 {
        0 => check_face(&bytes, &header, Species::Dog),
        1 => check_faces(&bytes, &header),
        _ => check_face(&bytes, &header, Species::Person),
    }
}

fn check_photo(bytes: &[u8], header: &Header, photo: &Photo) {
    let (width, height) = (photo.width, photo.height);
    assert_eq!((width, height), header.upright_size());
    let raster = &photo.raster;
    let long_side = raster.long_side();
    assert!(long_side <= MAX_SIDE && long_side <= width.max(height) as usize);
    let pixels = raster.bytes().unwrap();
    assert_eq!(pixels.len(), 3 * raster.width() * raster.height());
    assert!(!pixels.is_empty());
    let across = raster.width() as f64 * f64::from(height);
    let down = raster.height() as f64 * f64::from(width);
    assert!((across - down).abs() <= f64::from(width + height), "the photo is distorted");
    // What is left of an earlier photo in the memory would show here.
    let again = Photo::decode(bytes).unwrap();
    assert!(pixels == again.raster.bytes().unwrap(), "decoded twice, it differs");
    let small = Photo::decode_within(bytes, 48).unwrap();
    assert!(small.raster.long_side() <= 48);
    assert_eq!((small.width, small.height), (width, height));
}

fn check_face(bytes: &[u8], header: &Header, species: Species) {
    match with_extractor(species, |extractor| extractor.extract(bytes)) {
        Ok(found) => check_extraction(&found, header.upright_size(), species),
        Err(error) => check_refusal(&error),
    }
}

fn check_faces(bytes: &[u8], header: &Header) {
    let demand = Demand::default();
    match with_extractor(Species::Person, |extractor| extractor.portray(bytes, &demand)) {
        Ok(portrait) => check_portrait(&portrait, header.upright_size()),
        Err(error) => check_refusal(&error),
    }
}

fn check_refusal(error: &ExtractError) {
    assert!(error.is_fault_of_photo(), "{error}");
    let section = error.reason().entry().section;
    assert_eq!(section, Section::Face, "the photo was decoded before: {error}");
}

fn check_extraction(found: &Extraction, size: (u32, u32), species: Species) {
    assert_eq!(found.species, species);
    assert!(found.faces_found >= 1);
    let face = found.face;
    assert!([face.left, face.top, face.right, face.bottom].iter().all(|edge| edge.is_finite()));
    assert!(face.left < face.right && face.top < face.bottom, "{face:?}");
    check_landmarks(&found.landmarks, size);
    check_quality(&found.quality);
    let (measured, pose) = face::measure(&found.landmarks, species).unwrap();
    assert_eq!(measured, found.measured, "the landmarks are those that were measured");
    let told = found.quality;
    assert_eq!((pose.yaw, pose.pitch, pose.roll), (told.yaw, told.pitch, told.roll));
    let numbers = found.measurement.shape.coordinates();
    let numbers = numbers.iter().chain(&found.measurement.log_ratios);
    assert!(numbers.copied().all(f64::is_finite));
    if let Err(error) = found.check() {
        assert_eq!(error.reason().entry().section, Section::Face);
    }
}

fn check_portrait(portrait: &PhotoPortrait, size: (u32, u32)) {
    assert_eq!((portrait.width, portrait.height), size);
    assert!(portrait.faces.len() <= MAX_FACES);
    let areas: Vec<f64> = portrait.faces.iter().map(|face| face.face.area()).collect();
    assert!(areas.is_sorted_by(|larger, smaller| larger >= smaller), "{areas:?}");
    for face in &portrait.faces {
        check_landmarks(&face.landmarks, size);
        check_quality(&face.quality);
        assert!((0.0..=1.0).contains(&face.brightness), "{}", face.brightness);
    }
}

/// A face may be cut off, but not lie elsewhere.
fn check_landmarks(landmarks: &Landmarks, (width, height): (u32, u32)) {
    let side = f64::from(width.max(height));
    let allowed = -side..=2.0 * side;
    for coordinate in landmarks.0.iter().flatten() {
        assert!(allowed.contains(coordinate), "{coordinate} in {width}x{height}");
    }
}

fn check_quality(quality: &Quality) {
    let &Quality { yaw, pitch, roll, interocular, sharpness, landmark_disagreement } = quality;
    assert!(yaw.abs() <= 90.0 && pitch.abs() <= 90.0 && roll.abs() <= 180.0, "{quality:?}");
    for number in [interocular, sharpness, landmark_disagreement] {
        assert!(number.is_finite() && number >= 0.0, "{quality:?}");
    }
}
