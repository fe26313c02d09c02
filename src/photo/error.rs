//! Why a photo was refused.

use mungpy_core::reason::{Reason, WithReason};
use mungpy_proto::limits::MAX_PHOTO_BYTES;

use super::header::{MAX_PIXELS, MIN_SIDE};

/// Why a photo was refused, with the numbers involved.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// The photo has no bytes.
    #[error("the photo is empty (0 bytes); send the bytes of a JPEG, PNG or WebP file")]
    Empty,
    /// More bytes than [`MAX_PHOTO_BYTES`].
    #[error(
        "the photo has {bytes} bytes, more than the limit of {MAX_PHOTO_BYTES}; send a smaller file"
    )]
    TooManyBytes {
        /// Size of the file.
        bytes: usize,
    },
    /// The format is known but not supported, or the file is no image at all.
    #[error("the photo is {found}, which is not read; send JPEG, PNG or WebP")]
    UnsupportedFormat {
        /// Name of the format, e.g. `HEIC`.
        found: &'static str,
    },
    /// The file is an animation, so it is unclear which frame is meant.
    #[error("the photo is an animated {format}; send a still picture")]
    Animated {
        /// Name of the format.
        format: &'static str,
    },
    /// The file ends before the image does.
    #[error("the {format} is truncated after {bytes} bytes; send the whole file")]
    Truncated {
        /// Name of the format.
        format: &'static str,
        /// Size of the file.
        bytes: usize,
    },
    /// A side is smaller than [`MIN_SIDE`].
    #[error(
        "the photo has {width}x{height} px, a side is below the minimum of {MIN_SIDE} px; send a larger photo"
    )]
    TooSmall {
        /// Width in pixels, as stored.
        width: u32,
        /// Height in pixels, as stored.
        height: u32,
    },
    /// More pixels than [`MAX_PIXELS`].
    #[error(
        "the photo has {width}x{height} px, more than the limit of {MAX_PIXELS} px in all; send a smaller photo"
    )]
    TooManyPixels {
        /// Width in pixels, as stored.
        width: u32,
        /// Height in pixels, as stored.
        height: u32,
    },
    /// The header is valid, but the content cannot be decoded.
    #[error("the {format} cannot be decoded: {detail}; save it anew and try again")]
    Corrupt {
        /// Name of the format.
        format: &'static str,
        /// The decoder's message.
        detail: String,
    },
    /// An operation on decoded pixels failed inside OpenCV, e.g. because memory ran out.
    #[error("an image operation failed: {0}")]
    Operation(#[from] opencv::Error),
}

impl WithReason for PhotoError {
    fn reason(&self) -> Reason {
        match self {
            Self::Empty => Reason::PhotoEmpty,
            Self::TooManyBytes { .. } => Reason::PhotoTooManyBytes,
            Self::UnsupportedFormat { .. } => Reason::PhotoFormatUnsupported,
            Self::Animated { .. } => Reason::PhotoAnimated,
            Self::Truncated { .. } => Reason::PhotoTruncated,
            Self::TooSmall { .. } => Reason::PhotoTooSmall,
            Self::TooManyPixels { .. } => Reason::PhotoTooManyPixels,
            Self::Corrupt { .. } => Reason::PhotoCorrupt,
            Self::Operation(_) => Reason::PhotoOperationFailed,
        }
    }
}
