//! Hostile JPEGs.

use mungpy_core::reason::Reason;

use super::budget::{assert_cheap, assert_decoded, assert_refused};

const MAX_BYTES: usize = 10 << 20;
/// Sides of a picture of 49 megapixels.
const LARGE: (u16, u16) = (7000, 7000);

/// A JPEG that is written segment by segment.
struct Jpeg(Vec<u8>);

impl Jpeg {
    /// Begins with quantisation and Huffman tables. The codes for "nothing changes" (DC) and for
    /// each symbol in `ac` are short, in this order.
    fn new(ac: &[u8]) -> Self {
        let mut jpeg = Self(vec![0xFF, 0xD8]);
        jpeg.segment(0xDB, &[&[0][..], &[1; 64]].concat());
        for (table, symbols) in [(0x00, &[0][..]), (0x10, ac)] {
            let mut counts = [0; 16];
            counts[..symbols.len()].fill(1);
            jpeg.segment(0xC4, &[&[table][..], &counts, symbols].concat());
        }
        jpeg
    }

    fn segment(&mut self, marker: u8, body: &[u8]) -> &mut Self {
        self.0.extend([0xFF, marker]);
        self.0.extend((body.len() as u16 + 2).to_be_bytes());
        self.0.extend(body);
        self
    }

    fn frame(&mut self, marker: u8, (width, height): (u16, u16), components: u8) -> &mut Self {
        let [[y1, y0], [x1, x0]] = [height, width].map(u16::to_be_bytes);
        let listed = (0..components).flat_map(|id| [id, 0x11, 0]);
        let body: Vec<u8> = [8, y1, y0, x1, x0, components].into_iter().chain(listed).collect();
        self.segment(marker, &body)
    }

    /// A scan of these components. The band is the first and last coefficient and the bits.
    fn scan(&mut self, components: &[u8], band: [u8; 3], data: &[u8]) -> &mut Self {
        let listed = components.iter().flat_map(|&id| [id, 0]);
        let body: Vec<u8> =
            [components.len() as u8].into_iter().chain(listed).chain(band).collect();
        self.segment(0xDA, &body).0.extend(data);
        self
    }

    fn end(&mut self) -> Vec<u8> {
        self.0.extend([0xFF, 0xD9]);
        self.0.clone()
    }
}

/// A band of all coefficients, as a baseline scan has it.
const ALL: [u8; 3] = [0, 63, 0];
const DC: [u8; 3] = [0, 0, 0x0D];
/// The run of most blocks in which nothing changes.
const LONGEST_RUN: u8 = 0xE0;

/// A progressive picture of one component with further scans of its upper coefficients.
fn progressive(size: (u16, u16), scans: usize, bits: u8, data: &[u8]) -> Vec<u8> {
    let mut jpeg = Jpeg::new(&[LONGEST_RUN]);
    jpeg.frame(0xC2, size, 1).scan(&[0], DC, &[0; 64]).scan(&[0], [1, 63, 0x0D], &[0; 128]);
    for _ in 0..scans {
        jpeg.scan(&[0], [1, 63, bits], data);
    }
    jpeg.end()
}

#[test]
fn a_second_frame_header_does_not_hide_the_size_of_the_first() {
    let two = |first, second| {
        let mut jpeg = Jpeg::new(&[0]);
        jpeg.frame(0xC0, first, 1).scan(&[0], ALL, &[0; 100]);
        jpeg.frame(0xC0, second, 1).end()
    };
    assert_refused(&two((640, 480), (32_000, 32_000)), Reason::PhotoCorrupt);
    assert_refused(&two((640, 480), (640, 480)), Reason::PhotoCorrupt);
    assert_refused(&two((32_000, 32_000), (640, 480)), Reason::PhotoTooManyPixels);
}

#[test]
fn scans_are_counted_before_they_are_decoded() {
    assert_refused(&progressive(LARGE, 1_000, 0x0D, &[]), Reason::PhotoTooComplex);
    assert_refused(&progressive(LARGE, 100_000, 0xED, &[]), Reason::PhotoTooComplex);
    assert_refused(&progressive((64, 64), 100_000, 0xED, &[]), Reason::PhotoTooComplex);
    assert_refused(&progressive(LARGE, 9, 0xED, &[0; 128]), Reason::PhotoTooComplex);
}

#[test]
fn the_most_scans_that_are_allowed_are_cheap() {
    assert_decoded(&progressive(LARGE, 50, 0x0D, &[0; 128]));
    assert_decoded(&progressive(LARGE, 8, 0xED, &[0; 128]));
    assert_decoded(&progressive((64, 64), 190, 0xED, &[0; 128]));
}

#[test]
fn dense_scans_are_cheap() {
    // Each pair of bits is a coefficient: code 0 for one of a single bit, and that bit.
    let mut jpeg = Jpeg::new(&[0x01]);
    jpeg.frame(0xC0, LARGE, 1).scan(&[0], ALL, &vec![0; MAX_BYTES - 1_000]);
    assert_decoded(&jpeg.end());
    let mut jpeg = Jpeg::new(&[0x01]);
    jpeg.frame(0xC2, LARGE, 1).scan(&[0], DC, &[0; 64]);
    for bits in [0x05, 0x54, 0x43] {
        jpeg.scan(&[0], [1, 63, bits], &vec![0; MAX_BYTES / 3 - 1_000]);
    }
    assert_decoded(&jpeg.end());
}

#[test]
fn restarts_are_cheap() {
    let mut jpeg = Jpeg::new(&[0]);
    jpeg.segment(0xDD, &1_u16.to_be_bytes()).frame(0xC0, LARGE, 3);
    let markers: Vec<u8> =
        (0..MAX_BYTES / 3 - 1_000).flat_map(|i| [0x00, 0xFF, 0xD0 + (i % 8) as u8]).collect();
    assert_decoded(&jpeg.scan(&[0, 1, 2], ALL, &markers).end());
    let mut jpeg = Jpeg::new(&[LONGEST_RUN]);
    jpeg.segment(0xDD, &1_u16.to_be_bytes()).frame(0xC2, LARGE, 1);
    for _ in 0..5 {
        jpeg.scan(&[0], DC, &[]);
    }
    assert_decoded(&jpeg.end());
}

#[test]
fn coefficients_that_are_kept_are_bounded() {
    let kept = |components: u8| {
        let mut jpeg = Jpeg::new(&[LONGEST_RUN]);
        jpeg.frame(0xC2, LARGE, components);
        let all: Vec<u8> = (0..components).collect();
        jpeg.scan(&all, DC, &[0; 64]).end()
    };
    assert_decoded(&kept(3));
    assert_refused(&kept(4), Reason::PhotoTooComplex);
}

#[test]
fn segments_without_end_are_cheap() {
    let dht = |class: u8| [&[class][..], &[1; 1], &[0; 15], &[0]].concat();
    for (marker, body) in [
        (0xC4, dht(0x00)),
        (0xDB, [&[0][..], &[1; 64]].concat()),
        (0xFE, vec![]),
        (0xE1, b"Exif\0\0MM\0\x2a\0\0\0\x08\xff\xff".to_vec()),
        (0xE2, b"ICC_PROFILE\0\x01\xff".to_vec()),
        (0xDD, vec![0, 0]),
    ] {
        let mut jpeg = Jpeg::new(&[0]);
        while jpeg.0.len() < MAX_BYTES - 100_000 {
            jpeg.segment(marker, &body);
        }
        assert_decoded(&jpeg.frame(0xC0, (640, 480), 1).scan(&[0], ALL, &[0; 2_000]).end());
    }
}

/// Directories that point at each other from one EXIF segment.
#[test]
fn exif_data_that_points_at_itself_is_cheap() {
    let entries = 5_400_u16;
    let mut tiff = b"MM\0\x2a\0\0\0\x08".to_vec();
    tiff.extend(entries.to_be_bytes());
    for number in 0..entries {
        tiff.extend([0x87, 0x69, 0, 4, 0, 0, 0, 1]);
        tiff.extend((u32::from(number) * 12 + 8).to_be_bytes());
    }
    tiff.extend([0; 4]);
    let mut jpeg = Jpeg::new(&[0]);
    jpeg.segment(0xE1, &[b"Exif\0\0", &tiff[..]].concat());
    assert_decoded(&jpeg.frame(0xC0, (640, 480), 1).scan(&[0], ALL, &[0; 2_000]).end());
}

#[test]
fn forms_that_are_not_read_are_named() {
    let of = |marker| Jpeg::new(&[0]).frame(marker, (640, 480), 1).scan(&[0], ALL, &[0]).end();
    for marker in [0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF] {
        assert_refused(&of(marker), Reason::PhotoFormatUnsupported);
    }
    let later = Jpeg::new(&[0]).frame(0xC0, (640, 0), 1).scan(&[0], ALL, &[0]).end();
    assert_refused(&later, Reason::PhotoFormatUnsupported);
}

#[test]
fn broken_headers_are_corrupt() {
    let without_scan = Jpeg::new(&[0]).frame(0xC0, (640, 480), 1).end();
    assert_refused(&without_scan, Reason::PhotoCorrupt);
    let stranger = Jpeg::new(&[0]).frame(0xC0, (640, 480), 1).scan(&[7], ALL, &[0]).end();
    assert_refused(&stranger, Reason::PhotoCorrupt);
    // libjpeg would look for markers inside of what follows these.
    let plain = Jpeg::new(&[0]).frame(0xC0, (640, 480), 1).scan(&[0], ALL, &[0]).end();
    for marker in [0x00, 0x02, 0xBF] {
        let hiding = [&plain[..2], &[0xFF, marker, 0, 4, 0, 0], &plain[2..]].concat();
        assert_refused(&hiding, Reason::PhotoCorrupt);
    }
    let mut crowded = Jpeg::new(&[0]);
    assert_refused(
        &crowded.frame(0xC0, (64, 64), 9).scan(&[0], ALL, &[0]).end(),
        Reason::PhotoCorrupt,
    );
    // 65,500 x 763 is as large as any, and as flat.
    assert_cheap(&Jpeg::new(&[0]).frame(0xC0, (65_500, 763), 3).scan(&[0, 1, 2], ALL, &[0]).end());
}
