//! The way of one photo: decode, find the face, locate the landmarks, measure.
//!
//! The same way for both species, used by the nightly batch for dogs and by each
//! match for a person. Nothing of the photo outlives [`Extractor::extract`].

mod landmarking;
mod pool;
mod search;
mod spread;

use std::sync::Arc;

use landmarking::{LandmarkModel, Looks};
use search::FaceFinder;

use crate::{
    face::{
        self, FaceError, Landmarks, Measurement, PersonLandmarks, Quality, QualityLimits, Species,
    },
    photo::{Photo, PhotoError, Raster, Turn},
    vision::{Detection, Detector, Models, Role, VerifiedModel, VisionError},
};

pub use pool::ExtractorPool;
pub use spread::spread;

/// Version of everything between the models and the numbers: face search,
/// jitter, ratios. Raise it when a stored measurement would come out otherwise.
const MEASUREMENT_VERSION: u32 = 8;

/// How the landmark networks look at a face. Aligned chips make persons more
/// repeatable than five boxes (mean ICC of the features 0.368 against 0.351) with
/// three runs in place of ten. Of dogs the spread over the boxes tells what is none, and
/// without the second round a face bent to other proportions is found bent half as far.
const PERSON_LOOKS: Looks = Looks::Aligned;
const DOG_LOOKS: Looks = Looks::Reshaped(&[3, 3]);

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
    /// Faces found; the largest of the sure ones was taken.
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
                let heads = models.verified(models.dog_detector())?;
                let model = models.verified(Role::DogLandmarks)?;
                let landmarks = LandmarkModel::network(&model, DOG_LOOKS)?;
                (Detector::cnn(&heads)?, heads.entry.version(), landmarks, model.entry)
            }
        };
        let version = format!("{version}+{}+v{MEASUREMENT_VERSION}", locator.version()).into();
        Ok(Self { species, finder: FaceFinder::new(species, detector), landmarks, version })
    }

    /// A copy for another thread.
    pub fn try_clone(&self) -> Result<Self, ExtractError> {
        Ok(Self {
            species: self.species,
            finder: self.finder.try_clone()?,
            landmarks: self.landmarks.try_clone()?,
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
    ///
    /// Of a picture and its mirror image the same one is always looked at, so
    /// that both measure the same.
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
            landmark_spread: seen.spread,
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

    fn look_at(&mut self, raster: &Raster) -> Result<Seen, ExtractError> {
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
        let located = landmarking::locate(upright, &found.face, &mut self.landmarks)?;
        let (width, height) = (raster.width() as f64, raster.height() as f64);
        let in_raster = |point| found.turn.undo(point, width, height);
        Ok(Seen {
            face: found.face.map(in_raster),
            faces_found: found.faces_found,
            turn: found.turn,
            landmarks: located.landmarks.map(in_raster),
            spread: located.spread,
            sharpness: located.sharpness,
        })
    }
}

fn person_landmarks(models: &Models) -> Result<(VerifiedModel, LandmarkModel), VisionError> {
    match models.person_landmarks() {
        PersonLandmarks::Own => {
            let model = models.verified(Role::PersonLandmarks)?;
            let landmarks = LandmarkModel::network(&model, PERSON_LOOKS)?;
            Ok((model, landmarks))
        }
        PersonLandmarks::Published => {
            let model = models.verified(Role::PersonLandmarksPublished)?;
            let landmarks = LandmarkModel::trees(&model)?;
            Ok((model, landmarks))
        }
    }
}

/// What was seen in a raster, in its pixels.
struct Seen {
    face: Detection,
    faces_found: usize,
    turn: Turn,
    landmarks: Landmarks,
    spread: f64,
    sharpness: f64,
}

impl Seen {
    /// The same for the mirror image of a raster `width` pixels wide.
    fn mirrored(self, width: f64) -> Self {
        Self {
            face: self.face.map(|point| face::landmarks::mirrored(point, width)),
            turn: self.turn.mirrored(),
            landmarks: self.landmarks.mirrored(width),
            ..self
        }
    }
}
