//! libjpeg-turbo, as the distribution ships it.
//!
//! The crate `turbojpeg` needs release 3, which no stable Debian or Ubuntu has, and takes every
//! warning of the library for an error. The shim beside this file is small and keeps the three
//! things that this needs: memory is bounded, scans are bounded, and want of memory is told from a
//! damaged file.

use super::PhotoError;

#[cxx::bridge(namespace = "mungpy")]
#[allow(unsafe_code, missing_docs, unreachable_pub)]
mod ffi {
    /// What a decoder may do, and what it must find.
    struct JpegPlan {
        /// Size in the header, in pixels.
        width: u32,
        height: u32,
        /// Each side is divided by this: 1, 2, 4 or 8.
        denominator: u32,
        /// 3 for RGB, 4 for CMYK.
        channels: u32,
        /// Bytes for coefficients.
        max_memory: u64,
        max_scans: u32,
    }

    enum JpegOutcome {
        Done,
        Corrupt,
        TooComplex,
        OutOfMemory,
    }

    struct JpegEnd {
        outcome: JpegOutcome,
        /// What libjpeg says about it.
        message: String,
        /// Whether Adobe's marker is there: its CMYK is stored inverted.
        is_adobe: bool,
    }

    unsafe extern "C++" {
        include!("mungpy/src/photo/libjpeg/libjpeg.h");

        fn decode_jpeg(jpeg: &[u8], plan: &JpegPlan, pixels: &mut [u8]) -> JpegEnd;
        fn encode_jpeg(rgb: &[u8], width: u32, height: u32, quality: u32) -> Result<Vec<u8>>;
    }
}

pub(super) use ffi::{JpegEnd, JpegOutcome, JpegPlan};

/// Decodes into pixels whose number the plan implies; anything else is told in the end.
pub(super) fn decode(jpeg: &[u8], plan: &JpegPlan, pixels: &mut [u8]) -> JpegEnd {
    ffi::decode_jpeg(jpeg, plan, pixels)
}

/// Encodes RGB pixels with a quality from 0 to 100.
pub(super) fn encode(
    rgb: &[u8],
    width: usize,
    height: usize,
    quality: u32,
) -> Result<Vec<u8>, PhotoError> {
    assert_eq!(rgb.len(), 3 * width * height);
    ffi::encode_jpeg(rgb, width as u32, height as u32, quality).map_err(|_| PhotoError::OutOfMemory)
}
