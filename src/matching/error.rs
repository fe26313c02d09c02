//! Why a request could not be answered with a dog.

use mungpy_core::reason::{Reason, WithReason};
use mungpy_core::{face::FaceError, temperament::TemperamentError};
use mungpy_proto::limits::{
    MAX_ANSWERS, MAX_DOG_ID_BYTES, MAX_EXCLUSIONS, MAX_IMAGE_ID_BYTES, MAX_LANGUAGE_BYTES,
    MAX_PHOTOS, MAX_TOP,
};

use super::{LandmarksError, attributes::FilterError};
use crate::extract::ExtractError;

/// Why a request could not be answered with a dog.
#[derive(Debug, thiserror::Error)]
pub enum MatchError {
    /// The request has no photo.
    #[error("the request has no photo; send 1 to {MAX_PHOTOS}, or landmarks")]
    NoPhoto,
    /// The request has too many photos.
    #[error("the request has {count} photos, more than the limit of {MAX_PHOTOS}; send fewer")]
    TooManyPhotos {
        /// Number of photos in the request.
        count: usize,
    },
    /// The request asks for more dogs than an answer may name.
    #[error("top is {top}, more than the limit of {MAX_TOP}; ask for fewer dogs")]
    TopTooLarge {
        /// Number of dogs requested.
        top: u32,
    },
    /// The id of the photo is too long.
    #[error(
        "image_id has {bytes} bytes, more than the limit of {MAX_IMAGE_ID_BYTES}; send a shorter one"
    )]
    ImageIdTooLong {
        /// Bytes of the id.
        bytes: usize,
    },
    /// The request has too many answers.
    #[error(
        "the request has {count} answers, more than the limit of {MAX_ANSWERS}; answer each axis once"
    )]
    TooManyAnswers {
        /// Number of answers in the request.
        count: usize,
    },
    /// The request excludes too many dogs.
    #[error(
        "the request excludes {count} dogs, more than the limit of {MAX_EXCLUSIONS}; exclude fewer"
    )]
    TooManyExclusions {
        /// Number of excluded dogs.
        count: usize,
    },
    /// The id of an excluded dog is too long.
    #[error(
        "the id of an excluded dog has {bytes} bytes, more than the limit of {MAX_DOG_ID_BYTES}; \
         send ids as the answers name them"
    )]
    DogIdTooLong {
        /// Bytes of the longest id.
        bytes: usize,
    },
    /// The language tag is too long.
    #[error(
        "language has {bytes} bytes, more than the limit of {MAX_LANGUAGE_BYTES}; \
         send a tag like ko-KR"
    )]
    LanguageTooLong {
        /// Bytes of the tag.
        bytes: usize,
    },
    /// Nobody waits for the answer any more.
    #[error("the caller has gone")]
    CallerGone,
    /// A photo has no comparable face.
    #[error("photo {number} of {count}: {error}")]
    Photo {
        /// Number of the photo, starting at 1.
        number: usize,
        /// Number of photos in the request.
        count: usize,
        /// What is wrong with it.
        error: ExtractError,
    },
    /// The landmarks in place of photos break a rule.
    #[error(transparent)]
    Landmarks(#[from] LandmarksError),
    /// A face is chosen by points, but not for each photo.
    #[error("the face is chosen by {points} points for {photos} photos; send one for each photo")]
    PointsMissing {
        /// Number of points.
        points: usize,
        /// Number of photos.
        photos: usize,
    },
    /// An attribute filter breaks a rule.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The photos combined yield no valid face.
    #[error(transparent)]
    Face(#[from] FaceError),
    /// An answer is invalid.
    #[error(transparent)]
    Temperament(#[from] TemperamentError),
    /// The catalogue has no dogs.
    #[error("the catalogue (version {version}) holds no dog; run a batch over a source with dogs")]
    CatalogueEmpty {
        /// Version of the catalogue.
        version: u64,
    },
    /// The filter leaves no dogs.
    #[error(
        "none of the {dogs} dogs fits the answers and exclusions; relax the policy or exclude fewer dogs"
    )]
    NoCandidate {
        /// Number of dogs in the catalogue.
        dogs: usize,
    },
}

impl WithReason for MatchError {
    fn reason(&self) -> Reason {
        match self {
            Self::NoPhoto => Reason::NoPhoto,
            Self::TooManyPhotos { .. } => Reason::TooManyPhotos,
            Self::TopTooLarge { .. } => Reason::TopTooLarge,
            Self::ImageIdTooLong { .. } => Reason::ImageIdTooLong,
            Self::TooManyAnswers { .. } => Reason::TooManyAnswers,
            Self::TooManyExclusions { .. } => Reason::TooManyExclusions,
            Self::DogIdTooLong { .. } => Reason::DogIdTooLong,
            Self::LanguageTooLong { .. } => Reason::LanguageTooLong,
            Self::CallerGone => Reason::RequestBroken,
            Self::Photo { error, .. } => error.reason(),
            Self::Landmarks(error) => error.reason(),
            Self::PointsMissing { .. } => Reason::FaceChoiceInvalid,
            Self::Filter(error) => error.reason(),
            Self::Face(error) => error.reason(),
            Self::Temperament(error) => error.reason(),
            Self::CatalogueEmpty { .. } => Reason::CatalogueEmpty,
            Self::NoCandidate { .. } => Reason::NoCandidate,
        }
    }
}

impl MatchError {
    /// The field of the request that is at fault, if one is.
    pub fn field(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoPhoto | Self::TooManyPhotos { .. } | Self::Photo { .. } | Self::Face(_) => {
                "photos"
            }
            Self::TopTooLarge { .. } => "top",
            Self::ImageIdTooLong { .. } => "image_id",
            Self::TooManyAnswers { .. } | Self::Temperament(_) => "answers",
            Self::TooManyExclusions { .. } | Self::DogIdTooLong { .. } => "excluded_dog_ids",
            Self::LanguageTooLong { .. } => "language",
            Self::Landmarks(_) => "landmarks",
            Self::PointsMissing { .. } => "face",
            Self::Filter(_) => "attributes",
            Self::CallerGone | Self::CatalogueEmpty { .. } | Self::NoCandidate { .. } => {
                return None;
            }
        })
    }
}
