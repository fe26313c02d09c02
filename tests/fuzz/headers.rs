//! Headers of photos: what is looked at before any pixel is decoded.

use std::sync::LazyLock;

use mungpy::photo::{Format, Header, MAX_PIXELS, MIN_SIDE, Photo, PhotoError};
use mungpy_core::reason::{Reason, Section, WithReason};

use super::{common, damage, png};

#[test]
fn any_bytes_keep_the_rules() {
    bolero::check!(name = "headers").with_iterations(2_000).for_each(check);
}

#[test]
fn damage_keeps_the_rules() {
    damage::check("headers", 4_000, check);
}

/// Bytes that begin as EXIF data are put into photos. All others are a photo.
fn check(bytes: &[u8]) {
    if bytes.starts_with(b"II\x2a\0") || bytes.starts_with(b"MM\0\x2a") {
        check_exif(bytes);
    } else {
        check_photo(bytes);
    }
}

fn check_photo(bytes: &[u8]) {
    match Header::read(bytes) {
        Ok(header) => {
            check_limits(bytes, &header);
            // What follows a picture does not count, and half a picture is none.
            let followed = [bytes, b"\xff\xd8\xffIEND"].concat();
            assert_eq!(Header::read(&followed).ok().as_ref(), Some(&header));
            for end in [bytes.len() - 1, bytes.len() / 2] {
                if let Ok(cut) = Header::read(&bytes[..end]) {
                    assert_eq!(cut, header, "cut at {end}");
                }
            }
        }
        Err(error) => check_refusal(bytes, &error),
    }
}

fn check_limits(bytes: &[u8], header: &Header) {
    let (width, height) = (header.width, header.height);
    assert!(width.min(height) >= MIN_SIDE, "{header:?}");
    assert!(u64::from(width) * u64::from(height) <= MAX_PIXELS, "{header:?}");
    let upright = header.upright_size();
    let expected = if header.orientation >= 5 { (height, width) } else { (width, height) };
    assert_eq!(upright, expected);
    assert!((1..=8).contains(&header.orientation));
    let start: &[u8] = match header.format {
        Format::Jpeg => b"\xff\xd8",
        Format::Png => b"\x89PNG\r\n\x1a\n",
        Format::WebP => b"RIFF",
    };
    assert!(bytes.starts_with(start));
}

fn check_refusal(bytes: &[u8], error: &PhotoError) {
    let (reason, message) = (error.reason(), error.to_string());
    assert_eq!(reason.entry().section, Section::Photo, "{message}");
    assert!(error.is_fault_of_photo(), "no header needs the machine: {message}");
    assert_eq!(reason == Reason::PhotoEmpty, bytes.is_empty());
    assert!(message.len() < 200 && !message.contains(char::is_control), "{message:?}");
}

/// A small photo, without EXIF data, in each format.
static PHOTOS: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    let webp = common::bytes("photos/photo.webp");
    let small = Photo::decode_within(&webp, 32).unwrap().raster;
    [small.encode_jpeg(50).unwrap(), small.encode_png().unwrap(), webp]
});

/// The same EXIF data says the same in each format, and nothing but the orientation.
fn check_exif(exif: &[u8]) {
    // The length of a JPEG's segment has 16 bits.
    if exif.len() > 65_000 {
        return;
    }
    let [jpeg, png, webp] = &*PHOTOS;
    let photos = [in_jpeg(jpeg, exif), png::with_chunk(png, *b"eXIf", exif), in_webp(webp, exif)];
    let headers = photos.map(|photo| Header::read(&photo).expect("EXIF data spoils no photo"));
    for (header, plain) in headers.iter().zip(&*PHOTOS) {
        let plain = Header::read(plain).unwrap();
        assert_eq!((header.width, header.height), (plain.width, plain.height));
        assert_eq!(plain.orientation, 1);
        assert!((1..=8).contains(&header.orientation));
        assert_eq!(header.orientation, headers[0].orientation, "in {:?}", header.format);
    }
}

/// A JPEG with a segment of EXIF data behind its first marker.
pub(super) fn in_jpeg(jpeg: &[u8], exif: &[u8]) -> Vec<u8> {
    let length = (exif.len() as u16 + 8).to_be_bytes();
    [&jpeg[..2], b"\xff\xe1", &length, b"Exif\0\0", exif, &jpeg[2..]].concat()
}

/// A simple WebP in the extended form, with a chunk of EXIF data at its end.
pub(super) fn in_webp(webp: &[u8], exif: &[u8]) -> Vec<u8> {
    let header = Header::read(webp).unwrap();
    let side = |pixels: u32| (pixels - 1).to_le_bytes()[..3].to_vec();
    let canvas = [vec![8, 0, 0, 0], side(header.width), side(header.height)].concat();
    let chunk = |kind: &[u8; 4], content: &[u8]| {
        let padding = &[0][..content.len() % 2];
        [&kind[..], &(content.len() as u32).to_le_bytes(), content, padding].concat()
    };
    let chunks = [&b"WEBP"[..], &chunk(b"VP8X", &canvas), &webp[12..], &chunk(b"EXIF", exif)];
    chunk(b"RIFF", &chunks.concat())
}
