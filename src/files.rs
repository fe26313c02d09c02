//! The limits of the files that a source or a user names, and photos among them.

use std::{io, path::Path};

use mungpy_core::reason::{Reason, WithReason};
use mungpy_proto::limits::MAX_PHOTO_BYTES;
use mungpy_runtime::files::excess;
pub use mungpy_runtime::files::{read, read_text};

use crate::photo::PhotoError;

/// Largest file of settings: configuration, questionnaire, estimator.
pub const MAX_SETTINGS_BYTES: u64 = 16 << 20;
/// Largest model. dlib's 68 points take 96 MiB.
pub const MAX_MODEL_BYTES: u64 = 512 << 20;

/// Why a photo in a file gave no bytes.
#[derive(Debug, thiserror::Error)]
pub enum PhotoFileError {
    /// The file cannot be read.
    #[error(transparent)]
    Unreadable(io::Error),
    /// The file is no photo that is read, as its size already tells.
    #[error(transparent)]
    Refused(PhotoError),
}

impl WithReason for PhotoFileError {
    fn reason(&self) -> Reason {
        match self {
            Self::Unreadable(_) => Reason::PhotoUnreadable,
            Self::Refused(error) => error.reason(),
        }
    }
}

/// Reads the bytes of a photo; one that is too large is refused unread.
///
/// # Errors
/// The file cannot be read or is larger than [`MAX_PHOTO_BYTES`].
pub fn read_photo(path: &Path) -> Result<Vec<u8>, PhotoFileError> {
    read(path, MAX_PHOTO_BYTES as u64).map_err(|error| match excess(&error) {
        Some(bytes) => PhotoFileError::Refused(PhotoError::TooManyBytes { bytes: bytes as usize }),
        None => PhotoFileError::Unreadable(error),
    })
}
