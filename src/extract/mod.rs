//! One photo from bytes to numbers: decode, find the face, locate the landmarks, measure.
//!
//! Both species take the same path: dogs in the nightly batch, persons in each match. Nothing of
//! the photo outlives [`Extractor::extract`].

mod error;
mod landmarking;
mod parallel;
mod search;

use std::sync::Arc;

use mungpy_core::face::{
    self, FaceError, Landmarks, Measurement, ModelOrigin, Quality, QualityLimits, Species,
};

use crate::{
    photo::{Photo, Raster, Turn},
    vision::{
        Detection, Detector, Models, Role, VerifiedModel, VisionError,
        landmarking::REFINEMENT_ROUNDS,
    },
};
use landmarking::{LandmarkModel, LookPlan};
use search::FaceFinder;

pub use error::ExtractError;
pub use parallel::for_each_parallel;

/// Version of everything between the models and the numbers: face search, jitter, ratios. Raise it
/// whenever stored measurements would come out differently.
const MEASUREMENT_VERSION: u32 = 8;

/// Look plans of the landmark networks. For persons, aligned chips are more repeatable than five
/// boxes (mean ICC of the features 0.368 against 0.351) and take three network runs instead of ten.
/// For dogs, disagreement between boxes exposes what is not a dog; without the second round, a face
/// warped to other proportions would measure as warped only half as far.
const PERSON_LOOKS: LookPlan = LookPlan::Aligned;
const DOG_LOOKS: LookPlan = LookPlan::RefinedTowardsMean { boxes: &REFINEMENT_ROUNDS };

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
    /// The proportions.
    pub measurement: Measurement,
}

impl Extraction {
    /// Refuses a face that is not comparable.
    pub fn check(&self) -> Result<(), FaceError> {
        self.quality.check(QualityLimits::of(self.species))
    }
}

/// Measures faces of one species. Each thread needs its own.
pub struct Extractor {
    species: Species,
    finder: FaceFinder,
    landmarks: LandmarkModel,
    version: Arc<str>,
}

impl Extractor {
    /// Loads the models of a species.
    pub fn load(species: Species, models: &Models) -> Result<Self, VisionError> {
        let (detector, version, landmarks, locator) = match species {
            Species::Person => {
                let (model, landmarks) = person_landmarks(models)?;
                (Detector::frontal_person()?, "hog".to_owned(), landmarks, model.entry)
            }
            Species::Dog => {
                let heads = models.verified(Role::DogDetector)?;
                let model = models.verified(Role::DogLandmarks)?;
                let landmarks = LandmarkModel::network(&model, DOG_LOOKS)?;
                (Detector::cnn(&heads)?, heads.entry.version(), landmarks, model.entry)
            }
        };
        let version = format!("{version}+{}+v{MEASUREMENT_VERSION}", locator.version()).into();
        Ok(Self { species, finder: FaceFinder::new(species, detector), landmarks, version })
    }

    /// Clones the extractor for another thread.
    pub fn try_clone(&self) -> Result<Self, ExtractError> {
        Ok(Self {
            species: self.species,
            finder: self.finder.try_clone()?,
            landmarks: self.landmarks.try_clone()?,
            version: Arc::clone(&self.version),
        })
    }

    /// Species of the faces that it measures.
    pub fn species(&self) -> Species {
        self.species
    }

    /// Version of the models and of the measurement. Never compare measurements of different
    /// versions.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Measures the largest face in a photo: a JPEG, PNG or WebP file in memory.
    pub fn extract(&mut self, bytes: &[u8]) -> Result<Extraction, ExtractError> {
        self.extract_decoded(&Photo::decode(bytes)?)
    }

    /// Does the same, but refuses a face that is not comparable.
    pub fn extract_usable(&mut self, bytes: &[u8]) -> Result<Extraction, ExtractError> {
        let found = self.extract(bytes)?;
        found.check()?;
        Ok(found)
    }

    /// Measures the largest face in a decoded photo.
    ///
    /// It always looks at the same one of a picture and its mirror image, so both measure the same.
    pub fn extract_decoded(&mut self, photo: &Photo) -> Result<Extraction, ExtractError> {
        let is_mirrored = photo.raster.is_brighter_left()?;
        let seen = if is_mirrored {
            self.look_at(&photo.raster.mirrored()?)?
        } else {
            self.look_at(&photo.raster)?
        };
        let width = photo.raster.width() as f64;
        let seen = if is_mirrored { seen.mirrored(width) } else { seen };
        let landmarks = seen.landmarks.map(|point| photo.from_raster(point));
        let (measurement, pose) = face::measure(&landmarks, self.species)?;
        let quality = Quality {
            interocular: landmarks.interocular_distance(),
            sharpness: seen.sharpness,
            landmark_disagreement: seen.disagreement,
            ..pose
        };
        Ok(Extraction {
            species: self.species,
            face: seen.face.map(|point| photo.from_raster(point)),
            faces_found: seen.faces_found,
            turn: seen.turn,
            landmarks,
            quality,
            measurement,
        })
    }

    fn look_at(&mut self, raster: &Raster) -> Result<RasterFace, ExtractError> {
        let landmarks = &mut self.landmarks;
        let found =
            self.finder.find(raster, |seen, face| landmarking::is_face(seen, face, landmarks))?;
        let turned;
        let upright = match found.turn {
            Turn::None => raster,
            turn => {
                turned = raster.turned(turn)?;
                &turned
            }
        };
        let estimate = landmarking::locate(upright, &found.face, &mut self.landmarks)?;
        let (width, height) = (raster.width() as f64, raster.height() as f64);
        let in_raster = |point| found.turn.undo(point, width, height);
        Ok(RasterFace {
            face: found.face.map(in_raster),
            faces_found: found.faces_found,
            turn: found.turn,
            landmarks: estimate.landmarks.map(in_raster),
            disagreement: estimate.disagreement,
            sharpness: estimate.sharpness,
        })
    }
}

fn person_landmarks(models: &Models) -> Result<(VerifiedModel, LandmarkModel), VisionError> {
    let model = models.verified(Role::PersonLandmarks)?;
    let landmarks = match model.entry.origin {
        ModelOrigin::Own => LandmarkModel::network(&model, PERSON_LOOKS)?,
        ModelOrigin::Dlib => LandmarkModel::trees(&model)?,
    };
    Ok((model, landmarks))
}

/// A face found in a raster, in its pixels.
struct RasterFace {
    face: Detection,
    faces_found: usize,
    turn: Turn,
    landmarks: Landmarks,
    disagreement: f64,
    sharpness: f64,
}

impl RasterFace {
    /// Maps the face to the mirror image of a raster `width` pixels wide.
    fn mirrored(self, width: f64) -> Self {
        Self {
            face: self.face.map(|point| face::landmarks::mirrored(point, width)),
            turn: self.turn.mirrored(),
            landmarks: self.landmarks.mirrored(width),
            ..self
        }
    }
}
