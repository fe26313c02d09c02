//! Photos in every format: decoded correctly, or refused with the right reason.

use mungpy::photo::{Photo, PhotoError, Raster};
use mungpy_core::reason::{Reason, WithReason};

use crate::common::bytes;

const COMPOSITE: &str = "persons/wide-set-eyes.jpg";

fn reason(bytes: &[u8]) -> Reason {
    Photo::decode(bytes).err().expect("the photo is refused").reason()
}

/// Mean absolute difference of the channels, 0 to 255.
fn difference(a: &Raster, b: &Raster) -> f64 {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    let (a, b) = (a.bytes().unwrap(), b.bytes().unwrap());
    a.iter().zip(b).map(|(&a, &b)| f64::from(a.abs_diff(b))).sum::<f64>() / a.len() as f64
}

/// The composite at another size, as a reference for the variants made from it.
fn reference(side: usize) -> Raster {
    Photo::decode(&bytes(COMPOSITE)).unwrap().raster.resized(side).unwrap()
}

#[test]
fn every_form_shows_the_same_face() {
    for (name, side, tolerance) in [
        ("photos/progressive.jpg", 240, 4.0),
        ("photos/cmyk.jpg", 240, 12.0),
        ("photos/sixteen-bit.png", 200, 4.0),
        ("photos/photo.webp", 240, 5.0),
    ] {
        let photo = Photo::decode(&bytes(name)).unwrap();
        let difference = difference(&photo.raster, &reference(side));
        assert!(difference < tolerance, "{name} differs by {difference:.1}");
    }
}

#[test]
fn grey_has_three_equal_channels_and_alpha_is_dropped() {
    let grey = Photo::decode(&bytes("photos/grey.jpg")).unwrap();
    let pixels = grey.raster.bytes().unwrap();
    assert!(pixels.chunks(3).all(|p| p[0] == p[1] && p[1] == p[2]));
    let alpha = Photo::decode(&bytes("photos/alpha.png")).unwrap();
    assert_eq!(
        alpha.raster.bytes().unwrap().len(),
        alpha.raster.width() * alpha.raster.height() * 3
    );
}

#[test]
fn animations_are_refused() {
    assert_eq!(reason(&bytes("photos/animated.png")), Reason::PhotoAnimated);
    assert_eq!(reason(&bytes("photos/animated.webp")), Reason::PhotoAnimated);
}

#[test]
fn a_truncated_file_is_refused_wherever_it_ends() {
    for name in [COMPOSITE, "photos/progressive.jpg", "photos/sixteen-bit.png", "photos/photo.webp"]
    {
        let whole = bytes(name);
        for share in [10, 50, 90, 99] {
            let part = &whole[..whole.len() * share / 100];
            assert_eq!(reason(part), Reason::PhotoTruncated, "{share} % of {name}");
        }
    }
}

#[test]
fn bytes_behind_the_end_of_a_jpeg_do_no_harm() {
    let mut appended = bytes(COMPOSITE);
    appended.extend(b"depth map of a phone");
    assert!(Photo::decode(&appended).is_ok());
}

#[test]
fn a_damaged_body_never_panics() {
    let whole = bytes("photos/sixteen-bit.png");
    for at in (40..whole.len()).step_by(whole.len() / 50) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        let _ = Photo::decode(&damaged);
    }
}

/// A PNG that declares a size, with hardly any data.
fn png_of(width: u32, height: u32) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], body: &[u8]| {
        let typed = [kind.as_slice(), body].concat();
        let crc = crc32fast::hash(&typed).to_be_bytes();
        [&(body.len() as u32).to_be_bytes()[..], &typed, &crc].concat()
    };
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let empty = [0x78, 0x9c, 0x03, 0, 0, 0, 0, 1];
    [
        b"\x89PNG\r\n\x1a\n".as_slice(),
        &chunk(b"IHDR", &header),
        &chunk(b"IDAT", &empty),
        &chunk(b"IEND", &[]),
    ]
    .concat()
}

#[test]
fn sizes_are_bounded_before_a_pixel_is_decoded() {
    assert_eq!(reason(&png_of(30_000, 30_000)), Reason::PhotoTooManyPixels);
    assert_eq!(reason(&png_of(1, 1)), Reason::PhotoTooSmall);
    assert_eq!(reason(&png_of(0, 100)), Reason::PhotoTooSmall);
    let error = Photo::decode(&png_of(30_000, 30_000)).err().unwrap();
    assert!(
        matches!(error, PhotoError::TooManyPixels { width: 30_000, height: 30_000 }),
        "{error}"
    );
}

#[test]
fn a_png_without_pixels_is_corrupt_or_blank_but_no_crash() {
    if let Err(error) = Photo::decode(&png_of(64, 64)) {
        assert_eq!(error.reason(), Reason::PhotoCorrupt);
    }
}

/// A JPEG with an EXIF segment that holds only the orientation.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let tiff = [
        b"MM\0\x2a\0\0\0\x08".as_slice(),
        &[0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    let body = [b"Exif\0\0".as_slice(), &tiff].concat();
    let length = (body.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &body, &jpeg[2..]].concat()
}

/// Position of pixel (x, y) of the upright picture in the stored one, of size `width` × `height`,
/// by the definition of the tag (CIPA DC-008, 4.6.4).
fn stored(orientation: u8, x: usize, y: usize, width: usize, height: usize) -> (usize, usize) {
    match orientation {
        1 => (x, y),
        2 => (width - 1 - x, y),
        3 => (width - 1 - x, height - 1 - y),
        4 => (x, height - 1 - y),
        5 => (y, x),
        6 => (y, height - 1 - x),
        7 => (width - 1 - y, height - 1 - x),
        8 => (width - 1 - y, x),
        _ => unreachable!(),
    }
}

#[test]
fn all_eight_exif_orientations_come_out_upright() {
    // Not square, so that swapped sides are noticed.
    let jpeg = bytes("photos/two-faces.jpg");
    let plain = Photo::decode(&jpeg).unwrap();
    let (width, height) = (plain.raster.width(), plain.raster.height());
    let pixels = plain.raster.bytes().unwrap();
    for orientation in 1..=8 {
        let photo = Photo::decode(&with_orientation(&jpeg, orientation)).unwrap();
        let raster = &photo.raster;
        let swapped = orientation >= 5;
        let expected = if swapped { (height, width) } else { (width, height) };
        assert_eq!((raster.width(), raster.height()), expected, "orientation {orientation}");
        assert_eq!((photo.width as usize, photo.height as usize), expected);
        let turned = raster.bytes().unwrap();
        for (x, y) in [(3, 5), (100, 20), (50, 200), (210, 210)] {
            let (sx, sy) = stored(orientation, x, y, width, height);
            let (at, from) = (3 * (y * raster.width() + x), 3 * (sy * width + sx));
            assert_eq!(turned[at..at + 3], pixels[from..from + 3], "orientation {orientation}");
        }
    }
}

/// A PNG or WebP with an EXIF chunk behind its header.
fn with_exif_chunk(photo: &[u8], orientation: u8) -> Vec<u8> {
    let tiff = [
        b"II\x2a\0\x08\0\0\0".as_slice(),
        &[1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    if photo.starts_with(b"RIFF") {
        // Behind the one chunk of a simple file, with the header of an extended one before it.
        let canvas = [b"VP8X\x0a\0\0\0\x08\0\0\0".as_slice(), &[239, 0, 0, 239, 0, 0]].concat();
        let length = (tiff.len() as u32).to_le_bytes();
        let chunks = [&canvas, &photo[12..], b"EXIF", &length, &tiff].concat();
        let size = (chunks.len() as u32 + 4).to_le_bytes();
        return [b"RIFF", &size[..], b"WEBP", &chunks].concat();
    }
    let typed = [b"eXIf".as_slice(), &tiff].concat();
    let crc = crc32fast::hash(&typed).to_be_bytes();
    let length = (tiff.len() as u32).to_be_bytes();
    [&photo[..33], &length, &typed, &crc, &photo[33..]].concat()
}

#[test]
fn the_orientation_of_png_and_webp_is_honoured() {
    for name in ["photos/alpha.png", "photos/photo.webp"] {
        let photo = bytes(name);
        let plain = Photo::decode(&photo).unwrap();
        let (width, height) = (plain.raster.width(), plain.raster.height());
        let pixels = plain.raster.bytes().unwrap();
        for orientation in 1..=8 {
            let turned = Photo::decode(&with_exif_chunk(&photo, orientation)).unwrap();
            let bytes = turned.raster.bytes().unwrap();
            for (x, y) in [(3, 5), (100, 20), (50, 150)] {
                let (sx, sy) = stored(orientation, x, y, width, height);
                let (at, from) = (3 * (y * turned.raster.width() + x), 3 * (sy * width + sx));
                assert_eq!(bytes[at..at + 3], pixels[from..from + 3], "{name}, {orientation}");
            }
        }
    }
}

/// Adobe's marker says that CMYK is stored inverted.
#[test]
fn cmyk_without_the_marker_of_adobe_is_not_inverted() {
    let adobe = bytes("photos/cmyk.jpg");
    let marker = adobe.windows(9).position(|part| part == b"\xFF\xEE\0\x0eAdobe").unwrap();
    let mut adobe = adobe;
    // Plain CMYK, not YCCK, which nothing but the marker tells.
    adobe[marker + 15] = 0;
    let plain = [&adobe[..marker], &adobe[marker + 16..]].concat();
    let [with, without] = [adobe, plain].map(|jpeg| Photo::decode(&jpeg).unwrap().raster);
    assert!(difference(&with, &without) > 1.0);
}

#[test]
fn a_large_photo_is_reduced_and_keeps_its_coordinates() {
    let large = reference(3000).encode_jpeg(95).unwrap();
    let photo = Photo::decode(&large).unwrap();
    assert_eq!((photo.width, photo.height), (3000, 3000));
    assert!(photo.raster.long_side() <= mungpy::photo::MAX_SIDE);
    let point = [1234.5, 678.9];
    let there = photo.to_raster(point);
    let back = photo.from_raster(there);
    assert!((back[0] - point[0]).abs() < 1e-9 && (back[1] - point[1]).abs() < 1e-9);
    let difference = difference(&photo.raster.resized(300).unwrap(), &reference(300));
    assert!(difference < 4.0, "{difference}");
}
