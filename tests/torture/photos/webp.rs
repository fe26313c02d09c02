//! Hostile files in the format WebP.

use mungpy_core::reason::Reason;

use super::{
    bits::Bits,
    budget::{assert_cheap, assert_decoded, assert_refused},
};

const MAX_BYTES: usize = 10 << 20;
/// Sides of the largest WebP that is read.
const LARGEST: (u16, u16) = (4000, 4000);

fn chunk(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let pad = vec![0; body.len() % 2];
    [&kind[..], &(body.len() as u32).to_le_bytes(), body, &pad].concat()
}

fn webp(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = [&b"WEBP"[..], &chunks.concat()].concat();
    chunk(*b"RIFF", &body)
}

fn canvas((width, height): (u16, u16), flags: u8) -> Vec<u8> {
    let side = |side: u16| (u32::from(side) - 1).to_le_bytes()[..3].to_vec();
    chunk(*b"VP8X", &[&[flags, 0, 0, 0][..], &side(width), &side(height)].concat())
}

/// A lossy key frame whose data is the same byte throughout.
fn lossy((width, height): (u16, u16), byte: u8, length: usize) -> Vec<u8> {
    let first_partition = length as u32 / 2;
    let tag = 1 << 4 | first_partition << 5;
    let sides = [width.to_le_bytes(), height.to_le_bytes()].concat();
    let start = [&tag.to_le_bytes()[..3], &[0x9D, 0x01, 0x2A], &sides].concat();
    chunk(*b"VP8 ", &[start, vec![byte; length]].concat())
}

/// A lossless frame begins with its size; the caller writes on.
fn lossless_start((width, height): (u16, u16)) -> Bits {
    let mut bits = Bits::default();
    bits.put(0x2F, 8).put(u64::from(width) - 1, 14).put(u64::from(height) - 1, 14).put(0, 4);
    bits
}

/// Five prefix codes of one symbol each: every pixel is this colour and takes no bits.
fn flat(bits: &mut Bits, [red, green, blue]: [u64; 3]) {
    for symbol in [green, red, blue, 255, 0] {
        bits.put(0b101, 3).put(symbol, 8);
    }
}

/// A prefix code of the symbols 0 to 10, up to 10 bits long.
fn deep_code(bits: &mut Bits) {
    bits.put(0, 1).put(14 - 4, 4);
    for length in [0, 0, 0, 3, 3, 3, 3, 3, 0, 3, 4, 4, 4, 4] {
        bits.put(length, 3);
    }
    // Eleven lengths follow.
    bits.put(1, 1).put(1, 3).put(9, 4);
    for length in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10] {
        match length {
            1..=6 => bits.put_code(length - 1, 3),
            _ => bits.put_code(0b1100 + length - 7, 4),
        };
    }
}

/// A code of one symbol, that of the last colour in a cache of two.
fn last_cached_colour(bits: &mut Bits) {
    // Codes for the lengths: 0 for a length of 1, 1 for a run of zeros.
    bits.put(0, 1).put(0, 4).put(0, 3).put(1, 3).put(0, 3).put(1, 3).put(0, 1);
    for zeros in [138, 132, 11] {
        bits.put(1, 1).put(zeros - 11, 7);
    }
    bits.put(0, 1);
}

/// A frame of many transforms of one kind. The image of each takes few bits and a million steps.
fn repeated_transforms(size: (u16, u16)) -> Vec<u8> {
    let mut bits = lossless_start(size);
    for _ in 0..20_000 {
        bits.put(1, 1).put(0, 2).put(0, 3);
        bits.put(1, 1).put(1, 4);
        last_cached_colour(&mut bits);
        for symbol in [255, 0, 255, 0] {
            bits.put(0b101, 3).put(symbol, 8);
        }
    }
    chunk(*b"VP8L", &bits.finish())
}

/// A frame of 65,536 groups of prefix codes, each as long as it is short to write.
fn groups(size: (u16, u16)) -> Vec<u8> {
    let mut bits = lossless_start(size);
    // No transform, no cache of colours, groups by blocks of four pixels; every block has the
    // last group.
    bits.put(0, 1).put(0, 1).put(1, 1).put(0, 3).put(0, 1);
    flat(&mut bits, [255, 255, 0]);
    for _ in 0..5 * 65_536 {
        deep_code(&mut bits);
    }
    let mut frame = bits.finish();
    frame.resize(frame.len() + 1_000_000, 0);
    chunk(*b"VP8L", &frame)
}

/// A frame of one colour that all transforms change.
fn transformed(size: (u16, u16)) -> Vec<u8> {
    let mut bits = lossless_start(size);
    for transform in [0, 1] {
        // Blocks of four pixels.
        bits.put(1, 1).put(transform, 2).put(0, 3).put(0, 1);
        flat(&mut bits, [3, 11, 7]);
    }
    bits.put(1, 1).put(2, 2);
    bits.put(0, 1).put(0, 1).put(0, 1);
    flat(&mut bits, [3, 1, 2]);
    chunk(*b"VP8L", &bits.finish())
}

#[test]
fn the_frame_has_the_size_of_the_canvas() {
    let small = lossy((16, 16), 0, 1_000);
    for frame in [lossy((4000, 3000), 0, 1_000), transformed((4000, 3000))] {
        assert_refused(&webp(&[canvas((16, 16), 0), frame]), Reason::PhotoCorrupt);
    }
    let huge = webp(&[canvas((16, 16), 0), lossy((16_383, 16_383), 0, 1_000)]);
    assert_refused(&huge, Reason::PhotoTooManyPixels);
    assert_refused(&webp(&[canvas((4000, 3000), 0), small.clone()]), Reason::PhotoCorrupt);
    assert_refused(&webp(&[canvas((16, 16), 0), small.clone(), small]), Reason::PhotoCorrupt);
}

#[test]
fn more_pixels_than_the_decoder_manages_are_refused() {
    assert_refused(&webp(&[lossy((6000, 4000), 0, 1_000)]), Reason::PhotoTooComplex);
    assert_refused(&webp(&[transformed((6000, 4000))]), Reason::PhotoTooComplex);
}

#[test]
fn animations_are_refused_wherever_they_say_so() {
    let frame = lossy((16, 16), 0, 1_000);
    let flagged = webp(&[canvas((16, 16), 2), frame.clone()]);
    assert_refused(&flagged, Reason::PhotoAnimated);
    let unflagged = webp(&[canvas((16, 16), 0), chunk(*b"ANMF", &[0; 40]), frame]);
    assert_refused(&unflagged, Reason::PhotoAnimated);
}

#[test]
fn the_largest_frames_are_cheap() {
    assert_decoded(&webp(&[lossy(LARGEST, 0, MAX_BYTES - 1_000)]));
    assert_decoded(&webp(&[transformed(LARGEST)]));
    let alpha = chunk(*b"ALPH", &vec![0; 16_000_001]);
    assert!(alpha.len() > MAX_BYTES);
    let alpha = chunk(*b"ALPH", &[&[1][..], &vec![0; 9_000_000]].concat());
    assert_cheap(&webp(&[canvas(LARGEST, 0x10), alpha, lossy(LARGEST, 0, 1_000_000)]));
}

#[test]
fn groups_of_prefix_codes_are_bounded() {
    let bomb = webp(&[groups((64, 64))]);
    assert!(bomb.len() < MAX_BYTES, "{}", bomb.len());
    assert_refused(&bomb, Reason::PhotoTooComplex);
    assert_refused(&webp(&[groups(LARGEST)]), Reason::PhotoTooComplex);
}

#[test]
fn each_transform_comes_once() {
    assert_refused(&webp(&[repeated_transforms(LARGEST)]), Reason::PhotoCorrupt);
}

#[test]
fn chunks_without_end_are_cheap() {
    let many = chunk(*b"XMP ", &[]).repeat(1_000_000);
    assert_decoded(&webp(&[canvas((64, 64), 0), transformed((64, 64)), many]));
}

#[test]
fn damaged_frames_are_corrupt() {
    for frame in
        [lossy((64, 64), 0x55, 5_000), chunk(*b"VP8L", &[0x2F, 63, 0xC0, 0x0F, 0, 0xFF, 0xFF])]
    {
        assert_refused(&webp(&[frame]), Reason::PhotoCorrupt);
    }
}
