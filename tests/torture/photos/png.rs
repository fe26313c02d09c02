//! Hostile PNGs.

use mungpy_core::reason::Reason;

use super::{
    bits::Bits,
    budget::{assert_decoded, assert_refused},
};

const MAX_BYTES: usize = 10 << 20;
/// Sides of a picture of 49 megapixels.
const LARGE: (u32, u32) = (7000, 7000);
const RGB: u8 = 2;
const RGBA: u8 = 6;

pub(super) fn chunk(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let typed = [&kind[..], body].concat();
    let crc = crc32fast::hash(&typed).to_be_bytes();
    [&(body.len() as u32).to_be_bytes()[..], &typed, &crc].concat()
}

fn ihdr((width, height): (u32, u32), depth: u8, colour: u8, interlace: u8) -> Vec<u8> {
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    chunk(*b"IHDR", &[&sides[..], &[depth, colour, 0, 0, interlace]].concat())
}

/// A PNG of these chunks, with its end.
fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    [&b"\x89PNG\r\n\x1a\n"[..], &chunks.concat(), &chunk(*b"IEND", &[])].concat()
}

/// `count` times the same byte, deflated as far as that goes: 258 bytes in 13 bits.
fn inflating(byte: u8, count: u64) -> Vec<u8> {
    assert!(byte < 144, "a literal of 8 bits");
    let mut bits = Bits::default();
    bits.put(0b011, 3).put_code(0x30 + u64::from(byte), 8);
    for _ in 0..(count - 1) / 258 {
        bits.put_code(0b1100_0101, 8).put(0, 5);
    }
    for _ in 0..(count - 1) % 258 {
        bits.put_code(0x30 + u64::from(byte), 8);
    }
    bits.put(0, 7);
    let (sum, n) = (u64::from(byte), u128::from(count));
    let a = (1 + sum * count) % 65_521;
    let b = ((n + u128::from(byte) * n * (n + 1) / 2) % 65_521) as u64;
    let adler = (b << 16 | a) as u32;
    [&[0x78, 0x9C][..], &bits.finish(), &adler.to_be_bytes()].concat()
}

/// The pixels of a picture whose data is the same byte throughout; rows begin with it as well, so
/// that it chooses their filter.
fn idat((width, height): (u32, u32), bytes_per_pixel: u64, byte: u8) -> Vec<u8> {
    let row = u64::from(width) * bytes_per_pixel + 1;
    chunk(*b"IDAT", &inflating(byte, row * u64::from(height)))
}

/// A picture as large as any that is read.
pub(super) fn largest() -> Vec<u8> {
    png(&[ihdr(LARGE, 8, RGB, 0), idat(LARGE, 3, 0)])
}

#[test]
fn text_and_profiles_are_not_inflated() {
    let size = (64, 64);
    let megabytes = inflating(0, 7_900_000);
    for (kind, start) in [
        (b"zTXt", &b"Comment\0\0"[..]),
        (b"iTXt", b"Comment\0\x01\0\0\0"),
        (b"iCCP", b"profile\0\0"),
        (b"eXIf", b"MM\0\x2a\0\0\0\x08\xff\xff"),
    ] {
        let bomb = chunk(*kind, &[start, &megabytes].concat());
        let bombs = vec![bomb; 200];
        let chunks = [vec![ihdr(size, 8, RGB, 0)], bombs, vec![idat(size, 3, 0)]].concat();
        assert_decoded(&png(&chunks));
    }
}

#[test]
fn a_picture_has_one_header() {
    let (small, large) = (ihdr((64, 64), 8, RGB, 0), ihdr(LARGE, 8, RGB, 0));
    let pixels = idat((64, 64), 3, 0);
    for chunks in [
        [small.clone(), large.clone(), pixels.clone()],
        [small.clone(), pixels.clone(), large.clone()],
        [large, small.clone(), pixels.clone()],
        [small.clone(), small, pixels],
    ] {
        assert_refused(&png(&chunks), Reason::PhotoCorrupt);
    }
}

#[test]
fn data_beyond_the_picture_is_not_inflated() {
    let size = (64, 64);
    let endless = inflating(0, 1_600_000_000);
    assert!(endless.len() < MAX_BYTES);
    for interlace in [0, 1] {
        assert_decoded(&png(&[ihdr(size, 8, RGB, interlace), chunk(*b"IDAT", &endless)]));
    }
}

/// Filter 4 (Paeth), the costliest, on as many bytes as are allowed.
#[test]
fn the_largest_pictures_are_cheap() {
    for (size, depth, colour) in [
        (LARGE, 16, RGB),
        (LARGE, 8, RGBA),
        ((2_300_000, 16), 16, RGBA),
        ((16, 2_300_000), 16, RGBA),
    ] {
        let bytes_per_pixel = u64::from(depth) / 8 * if colour == RGB { 3 } else { 4 };
        let header = ihdr(size, depth, colour, 0);
        assert_decoded(&png(&[header, idat(size, bytes_per_pixel, 4)]));
    }
    for size in [(4300, 4300), (1_150_000, 16), (16, 1_150_000)] {
        // The passes have more rows than the picture, so give them more data.
        let pixels = u64::from(size.0) * u64::from(size.1);
        let passes = chunk(*b"IDAT", &inflating(4, pixels * 9));
        assert_decoded(&png(&[ihdr(size, 16, RGBA, 1), passes]));
    }
}

#[test]
fn pixels_of_many_bytes_are_counted_before_they_are_decoded() {
    let of = |interlace| png(&[ihdr(LARGE, 16, RGBA, interlace), idat(LARGE, 8, 4)]);
    assert_refused(&of(0), Reason::PhotoTooComplex);
    assert_refused(&of(1), Reason::PhotoTooComplex);
}

#[test]
fn a_large_picture_that_lies_on_its_side_is_cheap() {
    let exif = [&b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"[..]].concat();
    let chunks = [ihdr(LARGE, 8, RGB, 0), chunk(*b"eXIf", &exif), idat(LARGE, 3, 0)];
    assert_decoded(&png(&chunks));
}

#[test]
fn chunks_without_end_are_cheap() {
    let size = (64, 64);
    for kind in [b"IDAT", b"tEXt", b"tIME", b"abcd"] {
        let empty = chunk(*kind, &[]).repeat(800_000);
        assert_decoded(&png(&[ihdr(size, 8, RGB, 0), empty, idat(size, 3, 0)]));
    }
}

#[test]
fn a_picture_with_too_little_data_is_corrupt() {
    let data = chunk(*b"IDAT", &inflating(0, 1_000));
    for interlace in [0, 1] {
        let header = ihdr((64, 64), 8, RGB, interlace);
        assert_refused(&png(&[header.clone(), data.clone()]), Reason::PhotoCorrupt);
        assert_refused(&png(&[header]), Reason::PhotoCorrupt);
    }
}
