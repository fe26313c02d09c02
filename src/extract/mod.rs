//! One photo from bytes to numbers: decode, find the face, locate the landmarks, measure.
//!
//! Both species take the same path: dogs in the nightly batch, persons in each match. Nothing of
//! the photo outlives [`Extractor::extract`].

mod coarse;
mod demand;
mod error;
mod extraction;
mod landmarking;
mod memory;
mod parallel;
mod passes;
mod portrait;
mod search;
mod sight;
mod stages;
mod usual;

use std::sync::Arc;

use mungpy_core::face::{self, ModelOrigin, PersonProportions, Quality, Species};

use crate::{
    photo::{Photo, Raster},
    vision::{Descriptor, Detector, Models, Role, VisionError},
};
use landmarking::{BoxedFace, LandmarkEstimate, LandmarkModel, LookPlan};
use mungpy_telemetry::Stage;
use passes::Passes;
use search::{FaceFinder, FoundFaces};
use sight::{Sight, Sighted};
pub(crate) use stages::{STAGES, Stages, enter};
use usual::UsualProportions;

pub use demand::{Demand, FaceChoice, Unwanted};
pub use error::ExtractError;
pub use extraction::Extraction;
pub use memory::{MemoryShort, check_memory};
pub use parallel::{Workers, for_each_batch, for_each_parallel};
pub use portrait::{FacePortrait, MAX_FACES, PhotoPortrait};
pub use stages::StageTimes;

/// Versions of everything between the models and the numbers: face search, jitter, ratios,
/// estimate. Raise a species' when a measurement of it would come out otherwise; new dogs are
/// not compared with stored ones of another version.
const PERSON_MEASUREMENT_VERSION: u32 = 10;
const DOG_MEASUREMENT_VERSION: u32 = 10;

/// How the landmark networks look at a face. Aligned chips make persons more repeatable than
/// five boxes (mean ICC of the features 0.368 against 0.351) with three runs in place of ten;
/// where the whole face is described as well, two runs are enough. Disagreement between boxes
/// exposes what is not a dog.
const MEASURED_PERSON_LOOKS: LookPlan = LookPlan::Aligned { mirrored: true };
const DESCRIBED_PERSON_LOOKS: LookPlan = LookPlan::Aligned { mirrored: false };
const DOG_LOOKS: LookPlan = LookPlan::Boxes;

/// Measures faces of one species. Each thread needs its own.
pub struct Extractor {
    species: Species,
    finder: FaceFinder,
    landmarks: LandmarkModel,
    usual: Option<UsualProportions>,
    model_version: Arc<str>,
    version: Arc<str>,
    times: StageTimes,
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
        let detector = models.verified(Role::PersonDetector)?;
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
            finder: FaceFinder::new(Species::Person, Detector::hog(&detector)?),
            landmarks,
            usual,
            model_version: model_version.into(),
            version: parts.join("+").into(),
            times: StageTimes::default(),
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
            times: StageTimes::default(),
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
            times: StageTimes::default(),
        })
    }

    /// Species of the faces that it measures.
    pub fn species(&self) -> Species {
        self.species
    }

    /// Whether proportions are estimated from the whole face, not read off each photo.
    pub fn estimates(&self) -> bool {
        self.usual.is_some()
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

    /// How long the stages took since this was last asked.
    pub fn take_times(&mut self) -> StageTimes {
        std::mem::take(&mut self.times)
    }

    /// Measures the largest face in a photo: a JPEG, PNG or WebP file in memory. A photo of a
    /// person is decoded no finer than its face needs.
    pub fn extract(&mut self, bytes: &[u8]) -> Result<Extraction, ExtractError> {
        Ok(self.describe(bytes)?.0)
    }

    /// The same, with the face descriptor if proportions are estimated from one. For studies on
    /// photos of consenting persons alone: nothing that serves calls it.
    pub fn describe(
        &mut self,
        bytes: &[u8],
    ) -> Result<(Extraction, Option<Descriptor>), ExtractError> {
        self.describe_wanted(bytes, &Demand::default())
    }

    /// Measures the face that is meant, but refuses one that is not comparable. Ends early once
    /// nobody waits for it any more.
    pub fn extract_usable(
        &mut self,
        bytes: &[u8],
        demand: &Demand,
    ) -> Result<Extraction, ExtractError> {
        let (found, _) = self.describe_wanted(bytes, demand)?;
        found.check()?;
        Ok(found)
    }

    fn describe_wanted(
        &mut self,
        bytes: &[u8],
        demand: &Demand,
    ) -> Result<(Extraction, Option<Descriptor>), ExtractError> {
        demand.check()?;
        if self.species == Species::Person && demand.choice == FaceChoice::Largest {
            return coarse::describe(self, bytes, demand);
        }
        let photo = self.decode(|| Photo::decode(bytes))?;
        self.describe_every(&photo, demand)
    }

    /// Measures the face that is meant of all that a photo shows.
    fn describe_every(
        &mut self,
        photo: &Photo,
        demand: &Demand,
    ) -> Result<(Extraction, Option<Descriptor>), ExtractError> {
        let passes = match demand.choice {
            FaceChoice::Largest => Passes::All,
            FaceChoice::Single | FaceChoice::Nearest(_) => Passes::EveryFace,
        };
        let sight = Sight::of(photo)?;
        let found = self.find(&[&sight], passes, demand).remove(0)?;
        let face = sight.choose(&found, demand.choice)?;
        self.conclude(sight.with(face)?, demand)
    }

    /// Decodes, and takes note of how long that takes.
    fn decode<E>(&mut self, decode: impl FnOnce() -> Result<Photo, E>) -> Result<Photo, E> {
        let _span = stages::enter(Stage::Decode);
        let mut watch = Stages::begin();
        let photo = decode();
        self.times.decode += watch.lap();
        photo
    }

    /// Measures the largest face in a decoded photo.
    ///
    /// A photo and its mirror image measure the same: of the two, the extractor always looks at
    /// the same one.
    pub fn extract_decoded(&mut self, photo: &Photo) -> Result<Extraction, ExtractError> {
        Ok(self.describe_decoded(photo)?.0)
    }

    fn describe_decoded(
        &mut self,
        photo: &Photo,
    ) -> Result<(Extraction, Option<Descriptor>), ExtractError> {
        self.describe_many(&[photo]).remove(0)
    }

    /// Measures the largest face in each decoded photo, each as if it were alone. The networks see
    /// what they can of all photos in one run, which is what a GPU needs.
    pub fn extract_many(&mut self, photos: &[&Photo]) -> Vec<Result<Extraction, ExtractError>> {
        let described = self.describe_many(photos).into_iter();
        described.map(|described| Ok(described?.0)).collect()
    }

    fn describe_many(
        &mut self,
        photos: &[&Photo],
    ) -> Vec<Result<(Extraction, Option<Descriptor>), ExtractError>> {
        let (mut watch, demand) = (Stages::begin(), Demand::default());
        let sights = photos.iter().map(|photo| Sight::of(photo)).collect();
        let sighted = on_good(sights, |sights: Vec<Sight>| {
            let found = self.find(&sights.iter().collect::<Vec<_>>(), Passes::All, &demand);
            let pairs = sights.into_iter().zip(found);
            let chosen = pairs.map(|(sight, found)| {
                let face = sight.choose(&found?, demand.choice)?;
                sight.with(face)
            });
            chosen.collect()
        });
        let detect_us = watch.end();
        let located = on_good(sighted, |sighted| self.locate(sighted));
        let landmarks_us = watch.end();
        let measured = located.into_iter().map(|located| self.measure(located?)).collect();
        let (photos, describe_us) = (photos.len(), watch.end());
        tracing::debug!(target: STAGES, photos, detect_us, landmarks_us, describe_us, "measured");
        measured
    }

    /// The faces in each photo.
    fn find(
        &mut self,
        sights: &[&Sight],
        passes: Passes,
        demand: &Demand,
    ) -> Vec<Result<FoundFaces, ExtractError>> {
        let _span = stages::enter(Stage::Detect);
        let mut watch = Stages::begin();
        let rasters: Vec<&Raster> = sights.iter().map(|sight| sight.raster()).collect();
        let landmarks = &mut self.landmarks;
        let look = |boxes: &[BoxedFace]| landmarking::first_looks(boxes, landmarks);
        let found = self.finder.find(&rasters, passes, demand, look);
        self.times.detect += watch.lap();
        found
    }

    /// Measures the face that was found in a photo.
    fn conclude(
        &mut self,
        seen: Sighted,
        demand: &Demand,
    ) -> Result<(Extraction, Option<Descriptor>), ExtractError> {
        demand.check()?;
        let located = self.locate(vec![seen]).remove(0)?;
        demand.check()?;
        self.measure(located)
    }

    /// The landmarks of each face.
    fn locate<'a>(
        &mut self,
        sighted: Vec<Sighted<'a>>,
    ) -> Vec<Result<(Sighted<'a>, LandmarkEstimate), ExtractError>> {
        let _span = stages::enter(Stage::Landmarks);
        let mut watch = Stages::begin();
        let faces: Vec<BoxedFace> = sighted.iter().map(Sighted::boxed).collect();
        let estimates = landmarking::locate(&faces, &mut self.landmarks);
        self.times.landmarks += watch.lap();
        sighted.into_iter().zip(estimates).map(|(seen, found)| Ok((seen, found?))).collect()
    }

    /// The proportions of a face.
    fn measure(
        &mut self,
        (seen, estimate): (Sighted, LandmarkEstimate),
    ) -> Result<(Extraction, Option<Descriptor>), ExtractError> {
        let _span = stages::enter(Stage::Describe);
        let mut watch = Stages::begin();
        let descriptor = match &mut self.usual {
            Some(usual) => Some(usual.describe(seen.upright(), &estimate.landmarks)?),
            None => None,
        };
        let (face, turn, landmarks) = seen.in_photo(&estimate.landmarks);
        let (measured, pose) = face::measure(&landmarks, self.species)?;
        let measurement = match (&self.usual, &descriptor) {
            (Some(usual), Some(descriptor)) => {
                usual.estimator.estimate(descriptor.values(), &measured)?
            }
            _ => measured,
        };
        let quality = Quality {
            interocular: landmarks.interocular_distance(),
            sharpness: estimate.sharpness,
            landmark_disagreement: estimate.disagreement,
            ..pose
        };
        self.times.describe += watch.lap();
        let faces_found = seen.found.faces_found;
        let species = self.species;
        let extraction = Extraction {
            species,
            face,
            faces_found,
            turn,
            landmarks,
            quality,
            measurement,
            measured,
        };
        Ok((extraction, descriptor))
    }
}

/// Works on the items that have not failed.
fn on_good<T, U>(
    items: Vec<Result<T, ExtractError>>,
    work: impl FnOnce(Vec<T>) -> Vec<Result<U, ExtractError>>,
) -> Vec<Result<U, ExtractError>> {
    let mut good = Vec::with_capacity(items.len());
    let failures: Vec<Option<ExtractError>> =
        items.into_iter().map(|item| item.map(|item| good.push(item)).err()).collect();
    let mut done = work(good).into_iter();
    let next = |failure: Option<ExtractError>| match failure {
        Some(error) => Err(error),
        None => done.next().expect("work gives one result for each"),
    };
    failures.into_iter().map(next).collect()
}

/// Version of dogs' measurements with the chosen models, which need not be at hand: what
/// [`Extractor::version`] says of an extractor for dogs.
pub fn dog_version(models: &Models) -> String {
    let [heads, landmarks] =
        [Role::DogDetector, Role::DogLandmarks].map(|role| models.entry(role).version());
    format!("{heads}+{landmarks}+v{DOG_MEASUREMENT_VERSION}")
}
