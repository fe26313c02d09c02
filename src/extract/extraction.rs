//! What was measured in a photo.

use mungpy_core::face::{FaceError, Landmarks, Measurement, Quality, QualityLimits, Species};

use crate::{photo::Turn, vision::Detection};

/// The result of measuring a photo. Coordinates are pixels of the upright photo.
#[derive(Debug, Clone)]
pub struct Extraction {
    /// Species of the face.
    pub species: Species,
    /// Box of the face.
    pub face: Detection,
    /// Number of faces found; the largest of the sure ones was used.
    pub faces_found: usize,
    /// How the photo had to be turned to make the face upright.
    pub turn: Turn,
    /// The 16 landmarks.
    pub landmarks: Landmarks,
    /// How far to trust the face.
    pub quality: Quality,
    /// The proportions that are compared: a person's usual ones, if they are estimated.
    pub measurement: Measurement,
    /// The proportions read off this photo.
    pub measured: Measurement,
}

impl Extraction {
    /// Refuses a face that is not comparable.
    pub fn check(&self) -> Result<(), FaceError> {
        self.quality.check(QualityLimits::of(self.species))
    }
}
