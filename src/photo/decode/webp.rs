//! WebP, lossy or lossless.

use std::{io::Cursor, ops::Range};

use image_webp::WebPDecoder;

use super::{Header, PhotoError, Pixels, check_memory, zeros};
use crate::photo::header::MAX_CODE_BYTES;

/// Where the chunk with the pixels begins in the file that the decoder gets.
const CHUNK: usize = 12;
/// Bytes that the decoder keeps for each pixel, beside the result.
const BYTES_PER_PIXEL: usize = 5;
/// What else the decoder keeps, above all the prefix codes of a lossless picture.
const WORKING_BYTES: usize = 32_000_000 + MAX_CODE_BYTES as usize;

/// Decodes the one chunk that holds the pixels; no other reaches the decoder.
pub(super) fn decode(
    bytes: &[u8],
    header: &Header,
    chunk: Range<usize>,
) -> Result<Pixels, PhotoError> {
    let mut file = zeros(CHUNK + chunk.len() + chunk.len() % 2)?;
    let size = (file.len() - 8) as u32;
    file[..4].copy_from_slice(b"RIFF");
    file[4..8].copy_from_slice(&size.to_le_bytes());
    file[8..CHUNK].copy_from_slice(b"WEBP");
    file[CHUNK..CHUNK + chunk.len()].copy_from_slice(&bytes[chunk]);
    drop_transparency(&mut file);
    let mut pixels = Pixels::blank(header.width, header.height, 3)?;
    check_memory(header.width as usize * header.height as usize * BYTES_PER_PIXEL + WORKING_BYTES)?;
    let mut decoder =
        WebPDecoder::new(Cursor::new(file)).map_err(|error| header.corrupt(&error))?;
    if decoder.dimensions() != (header.width, header.height) || decoder.has_alpha() {
        return Err(header.corrupt("the decoder found another picture"));
    }
    decoder.read_image(&mut pixels.bytes).map_err(|error| header.corrupt(&error))?;
    Ok(pixels)
}

/// Clears the bit of a lossless picture that says that transparency is used. It changes no colour.
fn drop_transparency(file: &mut [u8]) {
    const ALPHA: usize = CHUNK + 8 + 4;
    if file[CHUNK..].starts_with(b"VP8L") {
        file[ALPHA] &= !0x10;
    }
}
