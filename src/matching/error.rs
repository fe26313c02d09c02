//! Why a request could not be answered with a dog.

use mungpy_core::reason::{Reason, WithReason};
use mungpy_core::{face::FaceError, temperament::TemperamentError};
use mungpy_proto::limits::{MAX_PHOTOS, MAX_TOP};

use crate::extract::ExtractError;

/// Why a request could not be answered with a dog.
#[derive(Debug, thiserror::Error)]
pub enum MatchError {
    /// The request has no photo.
    #[error("the request has no photo; send 1 to {MAX_PHOTOS}")]
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
            Self::Photo { error, .. } => error.reason(),
            Self::Face(error) => error.reason(),
            Self::Temperament(error) => error.reason(),
            Self::CatalogueEmpty { .. } => Reason::CatalogueEmpty,
            Self::NoCandidate { .. } => Reason::NoCandidate,
        }
    }
}
