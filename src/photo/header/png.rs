//! Walks the chunks of a PNG (ISO/IEC 15948).

use super::{Body, Fault, Walk, check_limit, check_size, integers::be32};

/// Most bytes of pixels, as stored before they are deflated: 50 megapixels of 16 bits in three
/// channels. An interlaced picture costs twice as much.
const MAX_PIXEL_BYTES: u64 = 300_000_000;

/// Walks to `IEND`; an `acTL` chunk makes it an animation.
///
/// Only the chunks that hold pixels are kept. The others may inflate to any size, and nothing in
/// them matters here but the orientation: transparency is dropped.
pub(super) fn walk(bytes: &[u8]) -> Result<Walk, Fault> {
    let mut size = None;
    let mut exif = None;
    let mut chunks = Vec::new();
    let mut at = 8;
    loop {
        let length = be32(bytes, at).ok_or(Fault::Truncated)? as usize;
        let kind = bytes.get(at + 4..at + 8).ok_or(Fault::Truncated)?;
        let end = at + 12 + length;
        match kind {
            b"IHDR" if size.is_some() => return Err(Fault::Malformed("a second IHDR chunk")),
            b"IHDR" => {
                let width = be32(bytes, at + 8).ok_or(Fault::Truncated)?;
                let height = be32(bytes, at + 12).ok_or(Fault::Truncated)?;
                check_size(width, height)?;
                check_work(width, height, bytes.get(at + 16..at + 21).ok_or(Fault::Truncated)?)?;
                size = Some((width, height));
            }
            _ if size.is_none() => return Err(Fault::Malformed("IHDR is not the first chunk")),
            b"acTL" => return Err(Fault::Animated),
            b"eXIf" if exif.is_none() => exif = Some(at + 8..at + 8 + length),
            b"IEND" => break,
            _ => {}
        }
        if end > bytes.len() {
            return Err(Fault::Truncated);
        }
        if matches!(kind, b"IHDR" | b"PLTE" | b"IDAT") {
            chunks.push(at..end);
        }
        at = end;
    }
    let (width, height) = size.ok_or(Fault::Malformed("no IHDR chunk before IEND"))?;
    Ok(Walk { width, height, exif, body: Body::Png { chunks } })
}

/// Refuses more bytes of pixels than [`MAX_PIXEL_BYTES`]; `rest` is what follows the size in the
/// header.
fn check_work(width: u32, height: u32, rest: &[u8]) -> Result<(), Fault> {
    let [depth, colour, _, _, interlace] = *rest else { return Err(Fault::Truncated) };
    let samples = match colour {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    let times = if interlace == 0 { 1 } else { 2 };
    let bits = u64::from(width) * u64::from(height) * samples * u64::from(depth);
    check_limit(bits / 8 * times, MAX_PIXEL_BYTES, "bytes of pixels")
}
