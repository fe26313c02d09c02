//! Why a photo could not be measured.

use mungpy_core::{
    face::FaceError,
    reason::{Reason, WithReason},
};

use super::Unwanted;
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
    /// Nobody waits for the answer any more.
    #[error(transparent)]
    Unwanted(#[from] Unwanted),
}

impl WithReason for ExtractError {
    fn reason(&self) -> Reason {
        match self {
            Self::Photo(error) => error.reason(),
            Self::Vision(error) => error.reason(),
            Self::Face(error) => error.reason(),
            Self::Unwanted(_) => Reason::RequestBroken,
        }
    }
}

impl ExtractError {
    /// Whether the photo is at fault, not this program or its machine.
    pub fn is_fault_of_photo(&self) -> bool {
        match self {
            Self::Photo(error) => error.is_fault_of_photo(),
            Self::Vision(_) | Self::Unwanted(_) => false,
            Self::Face(_) => true,
        }
    }

    /// This error, unless only the other one is the machine's: what the machine failed on may be a
    /// good photo, so nobody may be refused for what the others show.
    #[must_use]
    pub fn or_of_machine(self, other: Self) -> Self {
        if self.is_fault_of_photo() && !other.is_fault_of_photo() { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fault_of_the_machine_outweighs_that_of_a_photo() {
        let of_photo = || ExtractError::from(PhotoError::Empty);
        let of_machine = || ExtractError::from(PhotoError::OutOfMemory);
        let reason = |error: ExtractError| error.reason();
        assert_eq!(reason(of_photo().or_of_machine(of_machine())), Reason::PhotoOperationFailed);
        assert_eq!(reason(of_machine().or_of_machine(of_photo())), Reason::PhotoOperationFailed);
        assert_eq!(reason(of_photo().or_of_machine(of_photo())), Reason::PhotoEmpty);
    }

    #[test]
    fn the_message_of_a_library_does_not_reach_the_caller() {
        let path = "/usr/src/opencv/modules/core/src/alloc.cpp:73: error: (-4:Insufficient memory)";
        let short = opencv::Error::new(opencv::core::StsNoMem, path);
        let other = opencv::Error::new(opencv::core::StsAssert, path);
        assert!(matches!(PhotoError::from(short), PhotoError::OutOfMemory));
        let error = ExtractError::from(PhotoError::from(other));
        assert!(!error.is_fault_of_photo());
        assert!(!error.to_string().contains('/'), "{error}");
    }
}
