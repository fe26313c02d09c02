//! One photo from bytes to numbers: decode, find the face, locate the landmarks, measure.
//!
//! Both species take the same path: dogs in the nightly batch, persons in each match. Nothing of
//! the photo outlives [`Extractor::extract`].

mod error;
mod landmarking;
mod memory;
mod parallel;
mod search;
mod usual;

use std::sync::Arc;

use mungpy_core::face::{
    self, FaceError, Landmarks, Measurement, ModelOrigin, PersonProportions, Quality,
    QualityLimits, Species,
};

use crate::{
    photo::{Photo, Raster, Turn},
    vision::{
        Descriptor, Detection, Detector, Models, Role, VisionError, landmarking::REFINEMENT_ROUNDS,
    },
};
use landmarking::{LandmarkModel, LookPlan};
use search::FaceFinder;
use usual::UsualProportions;

pub use error::ExtractError;
pub use memory::{MemoryShort, check_memory};
pub use parallel::for_each_parallel;

/// Versions of everything between the models and the numbers: face search, jitter, ratios,
/// estimate. Raise a species' when a measurement of it would come out otherwise; new dogs are
/// not compared with stored ones of another version.
const PERSON_MEASUREMENT_VERSION: u32 = 9;
const DOG_MEASUREMENT_VERSION: u32 = 8;

/// How the landmark networks look at a face. Aligned chips make persons more repeatable than
/// five boxes (mean ICC of the features 0.368 against 0.351) with three runs in place of ten;
/// where the whole face is described as well, two runs are enough. Disagreement between boxes
/// exposes what is not a dog, and without the second round a face warped to other proportions is
/// found warped half as far.
const MEASURED_PERSON_LOOKS: LookPlan = LookPlan::Aligned { mirrored: true };
const DESCRIBED_PERSON_LOOKS: LookPlan = LookPlan::Aligned { mirrored: false };
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

/// Measures faces of one species. Each thread needs its own.
pub struct Extractor {
    species: Species,
    finder: FaceFinder,
    landmarks: LandmarkModel,
    usual: Option<UsualProportions>,
    model_version: Arc<str>,
    version: Arc<str>,
}

impl Extractor {
    /// Loads the models of a species.
    pub fn load(species: Species, models: &Models) -> Result<Self, VisionError> {
        match species {
            Species::Person => Self::load_person(models),
            Species::Dog => Self::load_dog(models),
        }
    }

    fn load_person(models: &Models) -> Result<Self, VisionError> {
        let usual = match models.person_proportions() {
            PersonProportions::Estimated => Some(UsualProportions::load(models)?),
            PersonProportions::Measured => None,
        };
        let looks = if usual.is_some() { DESCRIBED_PERSON_LOOKS } else { MEASURED_PERSON_LOOKS };
        let model = models.verified(Role::PersonLandmarks)?;
        let landmarks = match model.entry.origin {
            ModelOrigin::Own => LandmarkModel::network(&model, looks)?,
            ModelOrigin::Dlib => LandmarkModel::trees(&model)?,
        };
        let mut parts = vec!["hog".to_owned(), model.entry.version()];
        parts.extend(usual.as_ref().map(|usual| usual.version.clone()));
        parts.push(format!("v{PERSON_MEASUREMENT_VERSION}"));
        let model_version = parts.join("+");
        parts.extend(usual.as_ref().map(UsualProportions::estimator_version));
        Ok(Self {
            species: Species::Person,
            finder: FaceFinder::new(Species::Person, Detector::frontal_person()?),
            landmarks,
            usual,
            model_version: model_version.into(),
            version: parts.join("+").into(),
        })
    }

    fn load_dog(models: &Models) -> Result<Self, VisionError> {
        let heads = models.verified(Role::DogDetector)?;
        let model = models.verified(Role::DogLandmarks)?;
        let version: Arc<str> = dog_version(models).into();
        Ok(Self {
            species: Species::Dog,
            finder: FaceFinder::new(Species::Dog, Detector::cnn(&heads)?),
            landmarks: LandmarkModel::network(&model, DOG_LOOKS)?,
            usual: None,
            model_version: Arc::clone(&version),
            version,
        })
    }

    /// Clones the extractor for another thread.
    pub fn try_clone(&self) -> Result<Self, ExtractError> {
        Ok(Self {
            species: self.species,
            finder: self.finder.try_clone()?,
            landmarks: self.landmarks.try_clone()?,
            usual: self.usual.as_ref().map(UsualProportions::try_clone).transpose()?,
            model_version: Arc::clone(&self.model_version),
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

    /// Version of the models that see a photo; what is estimated from it may differ.
    pub fn model_version(&self) -> &str {
        &self.model_version
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
    /// A photo and its mirror image measure the same: of the two, the extractor always looks at
    /// the same one.
    pub fn extract_decoded(&mut self, photo: &Photo) -> Result<Extraction, ExtractError> {
        Ok(self.describe_decoded(photo)?.0)
    }

    /// The same, with the face descriptor if proportions are estimated from one. For studies on
    /// photos of consenting persons alone: nothing that serves calls it.
    pub fn describe_decoded(
        &mut self,
        photo: &Photo,
    ) -> Result<(Extraction, Option<Descriptor>), ExtractError> {
        let is_mirrored = photo.raster.is_brighter_left()?;
        let seen = if is_mirrored {
            let width = photo.raster.width() as f64;
            self.look_at(&photo.raster.mirrored()?)?.mirrored(width)
        } else {
            self.look_at(&photo.raster)?
        };
        let landmarks = seen.landmarks.map(|point| photo.from_raster(point));
        let (measured, pose) = face::measure(&landmarks, self.species)?;
        let measurement = match (&self.usual, &seen.descriptor) {
            (Some(usual), Some(descriptor)) => {
                usual.estimator.estimate(descriptor.values(), &measured)?
            }
            _ => measured,
        };
        let quality = Quality {
            interocular: landmarks.interocular_distance(),
            sharpness: seen.sharpness,
            landmark_disagreement: seen.disagreement,
            ..pose
        };
        let extraction = Extraction {
            species: self.species,
            face: seen.face.map(|point| photo.from_raster(point)),
            faces_found: seen.faces_found,
            turn: seen.turn,
            landmarks,
            quality,
            measurement,
            measured,
        };
        Ok((extraction, seen.descriptor))
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
        let descriptor = match &mut self.usual {
            Some(usual) => Some(usual.describe(upright, &estimate.landmarks)?),
            None => None,
        };
        let (width, height) = (raster.width() as f64, raster.height() as f64);
        let in_raster = |point| found.turn.undo(point, width, height);
        Ok(RasterFace {
            face: found.face.map(in_raster),
            faces_found: found.faces_found,
            turn: found.turn,
            landmarks: estimate.landmarks.map(in_raster),
            disagreement: estimate.disagreement,
            sharpness: estimate.sharpness,
            descriptor,
        })
    }
}

/// Version of dogs' measurements with the chosen models, which need not be at hand: what
/// [`Extractor::version`] says of an extractor for dogs.
pub fn dog_version(models: &Models) -> String {
    let [heads, landmarks] =
        [Role::DogDetector, Role::DogLandmarks].map(|role| models.entry(role).version());
    format!("{heads}+{landmarks}+v{DOG_MEASUREMENT_VERSION}")
}

/// What was seen in a raster, in its pixels.
struct RasterFace {
    face: Detection,
    faces_found: usize,
    turn: Turn,
    landmarks: Landmarks,
    disagreement: f64,
    sharpness: f64,
    descriptor: Option<Descriptor>,
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
