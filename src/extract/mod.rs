//! The way of one photo: decode, find the face, locate the landmarks, measure.
//!
//! The same way for both species, used by the nightly batch for dogs and by each
//! match for a person. Nothing of the photo outlives [`Extractor::extract`].

mod landmarking;
mod pool;
mod search;
mod spread;

use std::sync::Arc;

use crate::{
    face::{self, FaceError, Landmarks, Measurement, Quality, QualityLimits, Species},
    photo::{Photo, PhotoError, Turn},
    vision::{Detection, Detector, Models, Predictor, Role, VisionError},
};

pub use pool::ExtractorPool;
pub use spread::spread;

/// Version of everything between the models and the numbers: face search,
/// jitter, ratios. Raise it when a stored measurement would come out otherwise.
const MEASUREMENT_VERSION: u32 = 1;

/// Why no measurement came out of a photo.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The photo was refused.
    #[error(transparent)]
    Photo(#[from] PhotoError),
    /// A model or dlib failed.
    #[error(transparent)]
    Vision(#[from] VisionError),
    /// There is no face, or none that can be compared.
    #[error(transparent)]
    Face(#[from] FaceError),
}

impl ExtractError {
    /// Stable code of the reason, for programs.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Photo(error) => error.reason(),
            Self::Vision(error) => error.reason(),
            Self::Face(error) => error.reason(),
        }
    }

    /// Whether the photo is at fault, not this program or its machine.
    pub fn is_fault_of_photo(&self) -> bool {
        match self {
            Self::Photo(error) => !matches!(error, PhotoError::Operation(_)),
            Self::Vision(_) => false,
            Self::Face(_) => true,
        }
    }
}

/// What was found in a photo. Coordinates are pixels of the upright photo.
#[derive(Debug, Clone)]
pub struct Extraction {
    /// Whose face.
    pub species: Species,
    /// Box of the face.
    pub face: Detection,
    /// Faces found; the largest was taken.
    pub faces_found: usize,
    /// How the photo had to be turned for its face to be upright.
    pub turn: Turn,
    /// The 16 landmarks.
    pub landmarks: Landmarks,
    /// How far the face can be trusted.
    pub quality: Quality,
    /// The proportions.
    pub measurement: Measurement,
}

impl Extraction {
    /// Refuses a face that is not seen well enough to be compared.
    pub fn check(&self) -> Result<(), FaceError> {
        self.quality.check(QualityLimits::of(self.species))
    }
}

/// Measures faces of one species. Each thread needs its own.
pub struct Extractor {
    species: Species,
    detector: Detector,
    predictor: Arc<Predictor>,
    version: Arc<str>,
}

impl Extractor {
    /// Loads the models of a species.
    pub fn load(species: Species, models: &Models) -> Result<Self, VisionError> {
        let (detector, landmarks, finder) = match species {
            Species::Person => {
                (Detector::frontal_person()?, Role::PersonLandmarks, "hog".to_owned())
            }
            Species::Dog => {
                let model = models.verified(Role::DogDetector)?;
                (Detector::cnn(&model)?, Role::DogLandmarks, model.entry.version())
            }
        };
        let model = models.verified(landmarks)?;
        let predictor = Predictor::new(&model, landmarking::predicted_points(species))?;
        let version = format!("{finder}+{}+v{MEASUREMENT_VERSION}", model.entry.version());
        Ok(Self { species, detector, predictor: Arc::new(predictor), version: version.into() })
    }

    /// A copy for another thread, which shares the landmark model.
    pub fn try_clone(&self) -> Result<Self, ExtractError> {
        Ok(Self {
            species: self.species,
            detector: self.detector.try_clone()?,
            predictor: Arc::clone(&self.predictor),
            version: Arc::clone(&self.version),
        })
    }

    /// Whose faces it measures.
    pub fn species(&self) -> Species {
        self.species
    }

    /// Version of the models and of the measurement; measurements of different
    /// versions must not be compared.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Measures the largest face in a photo: a JPEG, PNG or WebP file in memory.
    pub fn extract(&mut self, bytes: &[u8]) -> Result<Extraction, ExtractError> {
        self.extract_decoded(&Photo::decode(bytes)?)
    }

    /// Measures the largest face in a decoded photo.
    pub fn extract_decoded(&mut self, photo: &Photo) -> Result<Extraction, ExtractError> {
        let found = search::find_face(&photo.raster, &mut self.detector, self.species)?;
        let turned;
        let raster = match found.turn {
            Turn::None => &photo.raster,
            turn => {
                turned = photo.raster.turned(turn)?;
                &turned
            }
        };
        let located = landmarking::locate(raster, &found.face, &self.predictor, self.species)?;
        let (width, height) = (photo.raster.width() as f64, photo.raster.height() as f64);
        let in_photo = |point| photo.from_raster(found.turn.undo(point, width, height));
        let landmarks = located.landmarks.map(in_photo);
        let (measurement, pose) = face::measure(&landmarks, self.species)?;
        let quality = Quality {
            interocular: landmarks.interocular_distance(),
            sharpness: located.sharpness,
            landmark_spread: located.spread,
            ..pose
        };
        Ok(Extraction {
            species: self.species,
            face: found.face.map(in_photo),
            faces_found: found.faces_found,
            turn: found.turn,
            landmarks,
            quality,
            measurement,
        })
    }
}
