//! Why a photo could not be measured.

use mungpy_core::{
    face::FaceError,
    reason::{Reason, WithReason},
};

use crate::{photo::PhotoError, vision::VisionError};

/// Why a photo could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The photo was refused.
    #[error(transparent)]
    Photo(#[from] PhotoError),
    /// A model or dlib failed.
    #[error(transparent)]
    Vision(#[from] VisionError),
    /// There is no face, or no comparable one.
    #[error(transparent)]
    Face(#[from] FaceError),
}

impl WithReason for ExtractError {
    fn reason(&self) -> Reason {
        match self {
            Self::Photo(error) => error.reason(),
            Self::Vision(error) => error.reason(),
            Self::Face(error) => error.reason(),
        }
    }
}

impl ExtractError {
    /// Whether the photo is at fault, not this program or its machine.
    pub fn is_fault_of_photo(&self) -> bool {
        match self {
            Self::Photo(error) => !matches!(error, PhotoError::Operation(_)),
            Self::Vision(_) => false,
            Self::Face(_) => true,
        }
    }
}
