//! Reads a photo's header and checks its structure before any pixel is decoded.
//!
//! Decoders are too trusting to make these checks: they decode half a JPEG "successfully", and a
//! PNG of 2.6 MB can demand gigabytes of memory.

use mungpy_proto::limits::MAX_PHOTO_BYTES;

use super::PhotoError;

/// Largest number of pixels to decode; enough for 48-megapixel phones.
pub const MAX_PIXELS: u64 = 50_000_000;
/// Shortest side that can hold a face, in pixels.
pub const MIN_SIDE: u32 = 16;

/// A supported format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JPEG, baseline or progressive.
    Jpeg,
    /// PNG, not animated.
    Png,
    /// WebP, not animated.
    WebP,
}

impl Format {
    /// Name of the format for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
        }
    }
}

/// Contents of the header; sides as stored, before the EXIF orientation is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Format of the file.
    pub format: Format,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl Header {
    /// Reads the header of a whole file in memory and checks every limit.
    pub fn read(bytes: &[u8]) -> Result<Self, PhotoError> {
        if bytes.is_empty() {
            return Err(PhotoError::Empty);
        }
        if bytes.len() > MAX_PHOTO_BYTES {
            return Err(PhotoError::TooManyBytes { bytes: bytes.len() });
        }
        let format = sniff(bytes)?;
        let read = match format {
            Format::Jpeg => jpeg_size(bytes),
            Format::Png => png_size(bytes),
            Format::WebP => webp_size(bytes),
        };
        let (width, height) = read.map_err(|fault| fault.into_error(format, bytes.len()))?;
        if width.min(height) < MIN_SIDE {
            return Err(PhotoError::TooSmall { width, height });
        }
        if u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(PhotoError::TooManyPixels { width, height });
        }
        Ok(Self { format, width, height })
    }
}

/// Structural fault in a file of a known format.
enum Fault {
    Truncated,
    Animated,
    Malformed(&'static str),
}

impl Fault {
    fn into_error(self, format: Format, bytes: usize) -> PhotoError {
        let format = format.name();
        match self {
            Self::Truncated => PhotoError::Truncated { format, bytes },
            Self::Animated => PhotoError::Animated { format },
            Self::Malformed(detail) => PhotoError::Corrupt { format, detail: detail.to_owned() },
        }
    }
}

fn sniff(bytes: &[u8]) -> Result<Format, PhotoError> {
    let unsupported = |found| Err(PhotoError::UnsupportedFormat { found });
    match bytes {
        [0xFF, 0xD8, ..] => Ok(Format::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Ok(Format::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Format::WebP),
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => match brand.get(..4) {
            Some(b"avif" | b"avis") => unsupported("AVIF"),
            Some(b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1") => {
                unsupported("HEIC")
            }
            _ => unsupported("a video"),
        },
        [b'G', b'I', b'F', b'8', ..] => unsupported("GIF"),
        [b'I', b'I', 0x2A, 0, ..] | [b'M', b'M', 0, 0x2A, ..] => unsupported("TIFF"),
        [b'B', b'M', ..] => unsupported("BMP"),
        [b'%', b'P', b'D', b'F', ..] => unsupported("PDF"),
        _ => unsupported("not an image"),
    }
}

fn be16(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn le24(bytes: &[u8], at: usize) -> Option<u32> {
    let b = bytes.get(at..at + 3)?;
    Some(u32::from(b[0]) | u32::from(b[1]) << 8 | u32::from(b[2]) << 16)
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Walks the segments of a JPEG (ITU T.81, annex B) to its end-of-image marker.
///
/// Bytes after that marker are allowed, because phones append depth maps and videos.
fn jpeg_size(bytes: &[u8]) -> Result<(u32, u32), Fault> {
    let mut size = None;
    let mut at = 2;
    loop {
        let marker = next_marker(bytes, &mut at)?;
        match marker {
            0xD9 => return size.ok_or(Fault::Malformed("no frame header before the end")),
            0x01 | 0xD0..=0xD8 => {}
            _ => {
                let length = be16(bytes, at).ok_or(Fault::Truncated)? as usize;
                if length < 2 {
                    return Err(Fault::Malformed("a segment shorter than its own length field"));
                }
                if matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC) {
                    let height = be16(bytes, at + 3).ok_or(Fault::Truncated)?;
                    let width = be16(bytes, at + 5).ok_or(Fault::Truncated)?;
                    size = Some((width, height));
                }
                at += length;
                if marker == 0xDA {
                    at = end_of_scan(bytes, at).ok_or(Fault::Truncated)?;
                }
            }
        }
    }
}

/// Reads the marker at `at` and advances past it.
fn next_marker(bytes: &[u8], at: &mut usize) -> Result<u8, Fault> {
    if *bytes.get(*at).ok_or(Fault::Truncated)? != 0xFF {
        return Err(Fault::Malformed("no marker where one must be"));
    }
    loop {
        *at += 1;
        let byte = *bytes.get(*at).ok_or(Fault::Truncated)?;
        if byte != 0xFF {
            *at += 1;
            return Ok(byte);
        }
    }
}

/// Position of the first marker after entropy-coded data, not counting restart markers.
fn end_of_scan(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xFF)?;
        match *bytes.get(at + 1)? {
            0x00 | 0xD0..=0xD7 => at += 2,
            0xFF => at += 1,
            _ => return Some(at),
        }
    }
}

/// Walks the chunks of a PNG to `IEND`; an `acTL` chunk makes it an animation.
fn png_size(bytes: &[u8]) -> Result<(u32, u32), Fault> {
    let mut size = None;
    let mut at = 8;
    loop {
        let length = be32(bytes, at).ok_or(Fault::Truncated)? as usize;
        let kind = bytes.get(at + 4..at + 8).ok_or(Fault::Truncated)?;
        match kind {
            b"IHDR" => {
                let width = be32(bytes, at + 8).ok_or(Fault::Truncated)?;
                let height = be32(bytes, at + 12).ok_or(Fault::Truncated)?;
                size = Some((width, height));
            }
            b"acTL" => return Err(Fault::Animated),
            b"IEND" => return size.ok_or(Fault::Malformed("no IHDR chunk before IEND")),
            _ if size.is_none() => return Err(Fault::Malformed("IHDR is not the first chunk")),
            _ => {}
        }
        at += 12 + length;
    }
}

/// Reads the first chunk of a WebP (RFC 9649).
fn webp_size(bytes: &[u8]) -> Result<(u32, u32), Fault> {
    let riff = le32(bytes, 4).ok_or(Fault::Truncated)? as usize;
    if bytes.len() < riff + 8 {
        return Err(Fault::Truncated);
    }
    match bytes.get(12..16).ok_or(Fault::Truncated)? {
        b"VP8X" => {
            if *bytes.get(20).ok_or(Fault::Truncated)? & 0x02 != 0 {
                return Err(Fault::Animated);
            }
            let width = le24(bytes, 24).ok_or(Fault::Truncated)? + 1;
            let height = le24(bytes, 27).ok_or(Fault::Truncated)? + 1;
            Ok((width, height))
        }
        b"VP8L" => {
            let bits = le32(bytes, 21).ok_or(Fault::Truncated)?;
            Ok(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
        }
        b"VP8 " => {
            let sides = le32(bytes, 26).ok_or(Fault::Truncated)?;
            Ok((sides & 0x3FFF, sides >> 16 & 0x3FFF))
        }
        _ => Err(Fault::Malformed("an unknown first chunk")),
    }
}

#[cfg(test)]
mod tests {
    use mungpy_core::reason::{Reason, WithReason};

    use super::*;

    fn reason(bytes: &[u8]) -> Reason {
        Header::read(bytes).unwrap_err().reason()
    }

    #[test]
    fn formats_that_are_not_read_are_named() {
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
        let error = Header::read(heic).unwrap_err();
        assert_eq!(error.reason(), Reason::PhotoFormatUnsupported);
        assert!(error.to_string().contains("HEIC"), "{error}");
        assert_eq!(reason(b"hello, I am a text"), Reason::PhotoFormatUnsupported);
        assert_eq!(reason(b"GIF89a"), Reason::PhotoFormatUnsupported);
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        assert_eq!(reason(b""), Reason::PhotoEmpty);
        assert_eq!(reason(&vec![0xFF; MAX_PHOTO_BYTES + 1]), Reason::PhotoTooManyBytes);
    }

    #[test]
    fn a_header_without_a_body_is_truncated() {
        assert_eq!(reason(&[0xFF, 0xD8]), Reason::PhotoTruncated);
        assert_eq!(reason(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"), Reason::PhotoTruncated);
        assert_eq!(reason(b"RIFF\xff\0\0\0WEBPVP8 "), Reason::PhotoTruncated);
    }

    #[test]
    fn a_jpeg_without_a_frame_is_corrupt() {
        assert_eq!(reason(&[0xFF, 0xD8, 0xFF, 0xD9]), Reason::PhotoCorrupt);
        assert_eq!(reason(&[0xFF, 0xD8, 0xFF, 0xE0, 0, 1, 0xFF, 0xD9]), Reason::PhotoCorrupt);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut bytes: Vec<u8>, kind in 0..4_usize) {
            let start: &[u8] = [&b"\xFF\xD8\xFF"[..], b"\x89PNG\r\n\x1a\n", b"RIFF\x10\0\0\0WEBP", b""][kind];
            bytes.splice(0..0, start.iter().copied());
            let _ = Header::read(&bytes);
        }
    }
}
