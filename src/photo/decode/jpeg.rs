//! JPEG, at ½, ¼ or ⅛ of its size where that is large enough.

use super::{Header, PhotoError, Pixels};
use crate::photo::{
    header::MAX_COEFFICIENT_BYTES,
    libjpeg::{self, JpegOutcome, JpegPlan},
};

/// Bytes that libjpeg may use beside the coefficients: rows at work and tables.
const WORKING_BYTES: u64 = 32_000_000;

/// What a JPEG's size can be divided by if its longer side is to keep `least_side` pixels: 1, 2, 4
/// or 8.
pub(super) fn denominator(header: &Header, least_side: u32) -> u32 {
    let long_side = header.width.max(header.height);
    [8, 4, 2].into_iter().find(|part| long_side / part >= least_side).unwrap_or(1)
}

pub(super) fn decode(
    bytes: &[u8],
    header: &Header,
    least_side: u32,
    components: u32,
    scans: u32,
) -> Result<Pixels, PhotoError> {
    let denominator = denominator(header, least_side);
    let plan = JpegPlan {
        width: header.width,
        height: header.height,
        denominator,
        channels: if components == 4 { 4 } else { 3 },
        max_memory: MAX_COEFFICIENT_BYTES + WORKING_BYTES,
        max_scans: scans,
    };
    let [width, height] = [header.width, header.height].map(|side| side.div_ceil(denominator));
    let mut pixels = Pixels::blank(width, height, plan.channels)?;
    let end = libjpeg::decode(bytes, &plan, &mut pixels.bytes);
    match end.outcome {
        JpegOutcome::Done => Ok(if components == 4 { rgb(pixels, end.is_adobe) } else { pixels }),
        JpegOutcome::OutOfMemory => Err(PhotoError::OutOfMemory),
        JpegOutcome::Corrupt => Err(header.corrupt(&end.message)),
        _ => Err(header.corrupt("it needs more scans or memory than its header says")),
    }
}

/// RGB of CMYK. Photoshop, like everyone who writes Adobe's marker, stores the inks inverted.
fn rgb(mut pixels: Pixels, is_inverted: bool) -> Pixels {
    let flip = if is_inverted { 0 } else { 255 };
    let count = pixels.bytes.len() / 4;
    for pixel in 0..count {
        let [c, m, y, k] = std::array::from_fn(|i| i32::from(pixels.bytes[4 * pixel + i] ^ flip));
        let channels = [c, m, y].map(|ink| (k - (((255 - ink) * k) >> 8)) as u8);
        pixels.bytes[3 * pixel..3 * pixel + 3].copy_from_slice(&channels);
    }
    pixels.bytes.truncate(3 * count);
    pixels.channels = 3;
    pixels
}
