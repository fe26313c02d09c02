//! PNG, row by row.

use std::{io::Cursor, ops::Range};

use png::{
    ColorType, Decoder, DecodingError, InterlaceInfo, Limits, Transformations,
    expand_interlaced_row,
};

use super::{Header, PhotoError, Pixels, check_memory};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Bytes that the decoder may use for rows at work; a row of 3 million pixels of 8 bytes fits.
const WORKING_BYTES: usize = 64_000_000;
/// Bytes of the rows at work for each column, and of everything else that the decoder keeps.
const WORKING_BYTES_PER_COLUMN: usize = 24;
const TABLES: usize = 1 << 20;

/// Decodes the chunks that hold pixels, and of these as much as the picture takes: what the data
/// would inflate to beyond that is left alone.
pub(super) fn decode(
    bytes: &[u8],
    header: &Header,
    chunks: &[Range<usize>],
) -> Result<Pixels, PhotoError> {
    let mut file = Vec::new();
    let length = chunks.iter().map(Range::len).sum::<usize>();
    file.try_reserve_exact(SIGNATURE.len() + length).map_err(|_| PhotoError::OutOfMemory)?;
    file.extend_from_slice(SIGNATURE);
    for chunk in chunks {
        file.extend_from_slice(&bytes[chunk.clone()]);
    }
    let mut decoder = Decoder::new_with_limits(Cursor::new(file), Limits { bytes: WORKING_BYTES });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let fault = |error| fault(header, &error);
    let mut reader = decoder.read_info().map_err(fault)?;
    let (kind, _) = reader.output_color_type();
    let is_grey = matches!(kind, ColorType::Grayscale | ColorType::GrayscaleAlpha);
    let channels = if is_grey { 1 } else { 3 };
    let mut pixels = Pixels::blank(header.width, header.height, channels)?;
    check_memory(WORKING_BYTES_PER_COLUMN * header.width as usize + TABLES)?;
    let stride = header.width as usize * channels as usize;
    let mut opaque = Vec::new();
    let rows = if reader.info().interlaced { rows_of_passes(header.height) } else { header.height };
    // Not one row more: to look for it, the decoder would inflate all data that is left.
    for number in 0..rows as usize {
        let ended = || header.corrupt("its data ends before the picture does");
        let row = reader.next_interlaced_row().map_err(fault)?.ok_or_else(ended)?;
        let data = without_alpha(row.data(), kind, &mut opaque);
        if let InterlaceInfo::Adam7(pass) = row.interlace() {
            expand_interlaced_row(&mut pixels.bytes, stride, data, pass, channels as u8 * 8);
        } else {
            pixels.bytes[number * stride..][..stride].copy_from_slice(data);
        }
    }
    Ok(pixels)
}

/// Rows of the seven passes (Adam7) over a picture that is at least eight pixels wide.
fn rows_of_passes(height: u32) -> u32 {
    let passes = [(0, 8), (0, 8), (4, 8), (0, 4), (2, 4), (0, 2), (1, 2)];
    passes.into_iter().map(|(first, step)| (height - first).div_ceil(step)).sum()
}

/// The row without its alpha channel, if it has one.
fn without_alpha<'a>(row: &'a [u8], kind: ColorType, opaque: &'a mut Vec<u8>) -> &'a [u8] {
    let samples = match kind {
        ColorType::GrayscaleAlpha => 2,
        ColorType::Rgba => 4,
        _ => return row,
    };
    opaque.clear();
    opaque.extend(row.chunks_exact(samples).flat_map(|pixel| &pixel[..samples - 1]));
    opaque
}

fn fault(header: &Header, error: &DecodingError) -> PhotoError {
    match error {
        DecodingError::LimitsExceeded => PhotoError::OutOfMemory,
        DecodingError::IoError(_) => header.corrupt("its data ends before the picture does"),
        DecodingError::Format(error) => header.corrupt(error),
        DecodingError::Parameter(error) => header.corrupt(error),
    }
}
