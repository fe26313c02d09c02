//! Walks the chunks of a WebP (RFC 9649).

use std::ops::Range;

use super::{
    Body, Fault, MAX_WEBP_PIXELS, Walk, check_limit, check_size,
    integers::{le24, le32},
    lossless,
};

/// Walks all chunks. The one with the pixels must have the size of the canvas; the others, such as
/// transparency, never reach the decoder.
pub(super) fn walk(bytes: &[u8]) -> Result<Walk, Fault> {
    let riff = le32(bytes, 4).ok_or(Fault::Truncated)? as usize;
    let file = bytes.get(..riff + 8).ok_or(Fault::Truncated)?;
    let mut canvas = None;
    let mut picture = None;
    let mut exif = None;
    let mut at = 12;
    while at < file.len() {
        let Some(length) = le32(file, at + 4) else { break };
        let (kind, length) = (&file[at..at + 4], length as usize);
        let content = at + 8..at + 8 + length;
        match kind {
            _ if at == 12 && !matches!(kind, b"VP8X" | b"VP8 " | b"VP8L") => {
                return Err(Fault::Malformed("an unknown first chunk"));
            }
            b"VP8X" if canvas.is_none() && picture.is_none() => {
                canvas = Some(canvas_size(file, &content)?);
            }
            b"VP8X" => return Err(Fault::Malformed("a second VP8X chunk")),
            b"ANIM" | b"ANMF" if canvas.is_some() => return Err(Fault::Animated),
            b"VP8 " | b"VP8L" if picture.is_some() => {
                return Err(Fault::Malformed("a second picture"));
            }
            b"VP8 " => picture = Some((lossy_size(file, &content)?, at..content.end)),
            b"VP8L" => picture = Some((lossless_size(file, &content)?, at..content.end)),
            // What follows the file does not belong to it, though the chunk may reach there.
            b"EXIF" if exif.is_none() && content.end <= file.len() => exif = Some(content.clone()),
            _ => {}
        }
        at = content.end + length % 2;
    }
    let ((width, height), chunk) = picture.ok_or(Fault::Truncated)?;
    if chunk.end > file.len() {
        return Err(Fault::Truncated);
    }
    if canvas.is_some_and(|canvas| canvas != (width, height)) {
        return Err(Fault::Malformed("a picture of another size than the canvas"));
    }
    if file[chunk.clone()].starts_with(b"VP8L") {
        lossless::check(&file[chunk.start + 8..chunk.end])?;
    }
    Ok(Walk { width, height, exif, body: Body::WebP { chunk } })
}

/// A size, checked as early as it is read.
fn checked(width: u32, height: u32) -> Result<(u32, u32), Fault> {
    check_size(width, height)?;
    check_limit(u64::from(width) * u64::from(height), MAX_WEBP_PIXELS, "pixels")?;
    Ok((width, height))
}

fn canvas_size(file: &[u8], content: &Range<usize>) -> Result<(u32, u32), Fault> {
    if file.get(content.start).ok_or(Fault::Truncated)? & 0x02 != 0 {
        return Err(Fault::Animated);
    }
    let side = |at: usize| le24(file, content.start + at).ok_or(Fault::Truncated);
    checked(side(4)? + 1, side(7)? + 1)
}

fn lossy_size(file: &[u8], content: &Range<usize>) -> Result<(u32, u32), Fault> {
    let sides = le32(file, content.start + 6).ok_or(Fault::Truncated)?;
    checked(sides & 0x3FFF, sides >> 16 & 0x3FFF)
}

fn lossless_size(file: &[u8], content: &Range<usize>) -> Result<(u32, u32), Fault> {
    let bits = le32(file, content.start + 1).ok_or(Fault::Truncated)?;
    checked((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
}
