//! The format of a file, by its first bytes.

use super::{Format, PhotoError};

pub(super) fn format(bytes: &[u8]) -> Result<Format, PhotoError> {
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
