//! Decodes the pixels of a checked file.
//!
//! Each format has a decoder made for it. PNG and WebP are decoded by safe Rust, a JPEG by
//! libjpeg-turbo, which alone can leave out detail that is not needed.

mod jpeg;
mod png;
mod webp;

use opencv::{
    core::{Mat, MatTraitConst as _},
    imgproc,
};

use super::{Header, PhotoError, Raster, header::Body, orientation::upright, raster::resized};

/// Pixels up to which a picture is turned at its full size, as every JPEG is. A larger one would
/// need its memory twice, so it is shrunk first.
const TURNED_WHOLE: u64 = 4_000_000;

/// Decodes to upright RGB of 8 bits, whatever the file holds; neither side is longer than
/// `max_side`. A JPEG may be decoded at a part of its size, as long as its longer side keeps
/// `least_side` pixels.
pub(super) fn decode(
    bytes: &[u8],
    header: &Header,
    least_side: u32,
    max_side: usize,
) -> Result<Raster, PhotoError> {
    let pixels = match &header.body {
        Body::Jpeg { components, scans } => {
            jpeg::decode(bytes, header, least_side, *components, *scans)?
        }
        Body::Png { chunks } => png::decode(bytes, header, chunks)?,
        Body::WebP { chunk } => webp::decode(bytes, header, chunk.clone())?,
    };
    let is_turned_whole = u64::from(pixels.width) * u64::from(pixels.height) <= TURNED_WHOLE;
    let side = if is_turned_whole { usize::MAX } else { max_side };
    let raster = upright(pixels.into_raster(side)?, header.orientation)?;
    if raster.long_side() > max_side { raster.resized(max_side) } else { Ok(raster) }
}

/// Whether decoding shows more detail with one side to keep than with a shorter one.
pub(super) fn shows_more(header: &Header, side: u32, than: u32) -> bool {
    matches!(header.body, Body::Jpeg { .. })
        && jpeg::denominator(header, side) < jpeg::denominator(header, than)
}

/// Pixels as a decoder gives them: rows from the top, without padding.
struct Pixels {
    width: u32,
    height: u32,
    /// 1 for grey, 3 for RGB.
    channels: u32,
    bytes: Vec<u8>,
}

impl Pixels {
    /// Pixels of a decoder that is about to run, still black.
    fn blank(width: u32, height: u32, channels: u32) -> Result<Self, PhotoError> {
        let bytes = zeros(width as usize * height as usize * channels as usize)?;
        Ok(Self { width, height, channels, bytes })
    }

    fn into_raster(self, max_side: usize) -> Result<Raster, PhotoError> {
        let flat = Mat::from_slice(&self.bytes)?;
        let image = flat.reshape(self.channels as i32, self.height as i32)?;
        let long_side = self.width.max(self.height) as usize;
        let small =
            if long_side > max_side { resized(&image, max_side)? } else { image.try_clone()? };
        if self.channels == 3 {
            return Ok(Raster::new(small));
        }
        let mut rgb = Mat::default();
        imgproc::cvt_color_def(&small, &mut rgb, imgproc::COLOR_GRAY2RGB)?;
        Ok(Raster::new(rgb))
    }
}

/// So many zeros, or an error where memory is short; Rust's own containers would end the process.
fn zeros(length: usize) -> Result<Vec<u8>, PhotoError> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|_| PhotoError::OutOfMemory)?;
    bytes.resize(length, 0);
    Ok(bytes)
}

/// Asks whether a decoder will find so much memory, and gives it back at once.
fn check_memory(length: usize) -> Result<(), PhotoError> {
    Vec::<u8>::new().try_reserve_exact(length).map_err(|_| PhotoError::OutOfMemory)
}
