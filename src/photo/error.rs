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
        /// What is wrong with it.
        detail: String,
    },
    /// Decoding would take more work or memory than any photo needs.
    #[error(
        "the {format} has {found} {unit}, more than the limit of {limit}; save it anew as a plain JPEG"
    )]
    TooComplex {
        /// Name of the format.
        format: &'static str,
        /// How much the file asks for.
        found: u64,
        /// How much is allowed.
        limit: u64,
        /// Of what.
        unit: &'static str,
    },
    /// The machine is short of memory. The photo is not at fault.
    #[error("too little memory is left for the photo; try again later")]
    OutOfMemory,
    /// An operation on decoded pixels failed inside OpenCV. The photo is not at fault.
    #[error("an image operation failed inside OpenCV, code {code}; try again later")]
    Operation {
        /// OpenCV's number of the fault. Its message names source files, so it is left out.
        code: i32,
    },
}

impl PhotoError {
    /// Whether the photo is at fault, not this program or its machine.
    pub fn is_fault_of_photo(&self) -> bool {
        !matches!(self, Self::OutOfMemory | Self::Operation { .. })
    }
}

impl From<opencv::Error> for PhotoError {
    fn from(error: opencv::Error) -> Self {
        // What OpenCV does not allocate itself ends in the message of C++'s own exception.
        if error.code == opencv::core::StsNoMem || error.message.contains("bad_alloc") {
            Self::OutOfMemory
        } else {
            Self::Operation { code: error.code }
        }
    }
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
            Self::TooComplex { .. } => Reason::PhotoTooComplex,
            Self::OutOfMemory | Self::Operation { .. } => Reason::PhotoOperationFailed,
        }
    }
}
