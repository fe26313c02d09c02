//! Reads a photo's header and checks its structure before any pixel is decoded.
//!
//! Decoders are too trusting to make these checks: they decode half a JPEG "successfully", take
//! one of two frames for the picture, and inflate gigabytes of text from a PNG of 2.6 MB.

mod exif;
mod integers;
mod jpeg;
mod lossless;
mod png;
mod sniff;
mod webp;

use std::ops::Range;

use mungpy_proto::limits::MAX_PHOTO_BYTES;

use super::{PhotoError, orientation::swaps_sides};
pub(super) use jpeg::MAX_COEFFICIENT_BYTES;
pub(super) use lossless::MAX_CODE_BYTES;

/// Largest number of pixels to decode; enough for 48-megapixel phones.
pub const MAX_PIXELS: u64 = 50_000_000;
/// Largest number of pixels of a WebP, which costs five times as much to decode as a JPEG.
const MAX_WEBP_PIXELS: u64 = 16_000_000;
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Format of the file.
    pub format: Format,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// EXIF orientation (CIPA DC-008, tag 0x0112), 1 to 8; 1 if there is none.
    pub orientation: u32,
    /// What the decoder needs to know beyond that.
    pub(super) body: Body,
}

/// Where the pixels are, as each decoder needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    /// Number of components and of scans.
    Jpeg { components: u32, scans: u32 },
    /// The chunks that hold pixels, each whole; what else a PNG has never reaches the decoder.
    Png { chunks: Vec<Range<usize>> },
    /// The one chunk that holds the pixels, whole.
    WebP { chunk: Range<usize> },
}

/// What a walk through a file found.
struct Walk {
    width: u32,
    height: u32,
    /// Where the EXIF data lies, from its byte-order mark.
    exif: Option<Range<usize>>,
    body: Body,
}

impl Header {
    /// Width and height in pixels once the photo is turned upright.
    pub fn upright_size(&self) -> (u32, u32) {
        if swaps_sides(self.orientation) {
            (self.height, self.width)
        } else {
            (self.width, self.height)
        }
    }

    /// Number of scans of a JPEG; 0 for other files.
    pub(super) fn scans(&self) -> u32 {
        match self.body {
            Body::Jpeg { scans, .. } => scans,
            Body::Png { .. } | Body::WebP { .. } => 0,
        }
    }

    /// Reads the header of a whole file in memory and checks every limit.
    pub fn read(bytes: &[u8]) -> Result<Self, PhotoError> {
        if bytes.is_empty() {
            return Err(PhotoError::Empty);
        }
        if bytes.len() > MAX_PHOTO_BYTES {
            return Err(PhotoError::TooManyBytes { bytes: bytes.len() });
        }
        let format = sniff::format(bytes)?;
        let read = match format {
            Format::Jpeg => jpeg::walk(bytes),
            Format::Png => png::walk(bytes),
            Format::WebP => webp::walk(bytes),
        };
        let walk = read.map_err(|fault| fault.into_error(format, bytes.len()))?;
        let orientation = walk.exif.and_then(|range| exif::orientation(bytes.get(range)?));
        Ok(Self {
            format,
            width: walk.width,
            height: walk.height,
            orientation: orientation.unwrap_or(1),
            body: walk.body,
        })
    }

    /// The fault of a file whose pixels cannot be decoded.
    pub(super) fn corrupt(&self, detail: &(impl ToString + ?Sized)) -> PhotoError {
        PhotoError::Corrupt { format: self.format.name(), detail: detail.to_string() }
    }
}

/// Refuses a size that no face fits into, or that costs too much.
fn check_size(width: u32, height: u32) -> Result<(), Fault> {
    if width.min(height) < MIN_SIDE {
        return Err(Fault::Photo(PhotoError::TooSmall { width, height }));
    }
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(Fault::Photo(PhotoError::TooManyPixels { width, height }));
    }
    Ok(())
}

/// Refuses more of something than a limit.
fn check_limit(found: u64, limit: u64, unit: &'static str) -> Result<(), Fault> {
    if found > limit { Err(Fault::TooComplex { found, limit, unit }) } else { Ok(()) }
}

/// Fault in a file of a known format.
#[derive(Debug)]
enum Fault {
    Truncated,
    Animated,
    Malformed(&'static str),
    /// A form of the format that is not read.
    Unsupported(&'static str),
    /// More than a limit: how much, the limit, and of what.
    TooComplex {
        found: u64,
        limit: u64,
        unit: &'static str,
    },
    /// A fault that says all itself.
    Photo(PhotoError),
}

impl Fault {
    fn into_error(self, format: Format, bytes: usize) -> PhotoError {
        let format = format.name();
        match self {
            Self::Truncated => PhotoError::Truncated { format, bytes },
            Self::Animated => PhotoError::Animated { format },
            Self::Malformed(detail) => PhotoError::Corrupt { format, detail: detail.to_owned() },
            Self::Unsupported(found) => PhotoError::UnsupportedFormat { found },
            Self::TooComplex { found, limit, unit } => {
                PhotoError::TooComplex { format, found, limit, unit }
            }
            Self::Photo(error) => error,
        }
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
