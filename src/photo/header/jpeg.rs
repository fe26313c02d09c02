//! Walks the segments of a JPEG (ITU T.81, annex B) and works out what it costs to decode.

use std::ops::Range;

use super::{Body, Fault, Walk, check_limit, check_size, integers::be16};

/// Most scans of a JPEG. Encoders write up to about a dozen.
const MAX_SCANS: u32 = 200;
/// Most steps of entropy decoding. A step takes 10 to 20 ns. The largest progressive photo that an
/// encoder makes (50 megapixels, 4:4:4, three refinements of the brightness and two of each
/// colour) has 40 million.
const MAX_STEPS: u64 = 41_000_000;
/// Most bytes for the coefficients of a JPEG of several scans, which are kept until the last one.
/// 50 megapixels in three full components take 300 MB.
pub(in crate::photo) const MAX_COEFFICIENT_BYTES: u64 = 310_000_000;
/// Steps for each scan, for its tables.
const SCAN_STEPS: u64 = 2_000;
/// Steps for a block of a scan that refines earlier ones: each of its 63 coefficients is looked at.
const REFINEMENT_STEPS: u64 = 6;
/// Steps for each restart marker.
const RESTART_STEPS: u64 = 6;
/// Bytes of the coefficients of a block.
const BLOCK_BYTES: u64 = 128;

const EXIF: &[u8] = b"Exif\0\0";

/// Walks to the end-of-image marker.
///
/// Bytes after that marker are allowed, because phones append depth maps and videos.
pub(super) fn walk(bytes: &[u8]) -> Result<Walk, Fault> {
    let mut segments = Segments { bytes, at: 2 };
    let mut exif = None;
    let mut frame: Option<Frame> = None;
    let mut cost = Cost::default();
    while let Some((marker, content)) = segments.next()? {
        match (marker, &frame) {
            (0xC4 | 0xC8 | 0xCC, _) => {}
            (0xC0..=0xCF, Some(_)) => return Err(Fault::Malformed("a second frame header")),
            (0xC0..=0xCF, None) => frame = Some(Frame::read(marker, &bytes[content])?),
            (0xDD, _) => {
                cost.restart_interval = be16(bytes, content.start).ok_or(Fault::Truncated)?;
            }
            (0xDA, None) => return Err(Fault::Malformed("a scan before the frame header")),
            (0xDA, Some(frame)) => cost.add_scan(frame, &bytes[content])?,
            (0xE1, _) if exif.is_none() && bytes[content.clone()].starts_with(EXIF) => {
                exif = Some(content);
            }
            _ => {}
        }
    }
    let frame = frame.ok_or(Fault::Malformed("no frame header before the end"))?;
    if cost.scans == 0 {
        return Err(Fault::Malformed("no scan before the end"));
    }
    let components = frame.components.len() as u32;
    let body = Body::Jpeg { components, scans: cost.scans };
    Ok(Walk { width: frame.width, height: frame.height, exif, body })
}

/// The marker segments of a file, without what lies between them.
struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Segments<'_> {
    /// The next marker that has a segment, and where the content of the segment lies; `None` at the
    /// end of the image.
    fn next(&mut self) -> Result<Option<(u8, Range<usize>)>, Fault> {
        loop {
            let marker = self.next_marker()?;
            match marker {
                0xD9 => return Ok(None),
                0x01 | 0xD0..=0xD8 => {}
                // libjpeg looks for markers inside of these, and may find other scans there.
                0x00 | 0x02..=0xBF => {
                    return Err(Fault::Malformed("a marker that does not exist"));
                }
                _ => {
                    let length = be16(self.bytes, self.at).ok_or(Fault::Truncated)? as usize;
                    if length < 2 {
                        return Err(Fault::Malformed(
                            "a segment shorter than its own length field",
                        ));
                    }
                    let content = self.at + 2..self.at + length;
                    if content.end > self.bytes.len() {
                        return Err(Fault::Truncated);
                    }
                    self.at = content.end;
                    if marker == 0xDA {
                        self.at = end_of_scan(self.bytes, self.at).ok_or(Fault::Truncated)?;
                    }
                    return Ok(Some((marker, content)));
                }
            }
        }
    }

    /// Reads the marker here and advances past it.
    fn next_marker(&mut self) -> Result<u8, Fault> {
        if *self.bytes.get(self.at).ok_or(Fault::Truncated)? != 0xFF {
            return Err(Fault::Malformed("no marker where one must be"));
        }
        loop {
            self.at += 1;
            let byte = *self.bytes.get(self.at).ok_or(Fault::Truncated)?;
            if byte != 0xFF {
                self.at += 1;
                return Ok(byte);
            }
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

/// A component of the frame: its name in scans, and its blocks.
struct Component {
    id: u8,
    blocks: u64,
}

/// The frame header.
struct Frame {
    width: u32,
    height: u32,
    is_progressive: bool,
    components: Vec<Component>,
}

impl Frame {
    fn read(marker: u8, content: &[u8]) -> Result<Self, Fault> {
        let is_progressive = match marker {
            0xC0 | 0xC1 => false,
            0xC2 => true,
            0xC3 => return Err(Fault::Unsupported("a lossless JPEG")),
            0xC9..=0xCB => return Err(Fault::Unsupported("a JPEG with arithmetic coding")),
            _ => return Err(Fault::Unsupported("a hierarchical JPEG")),
        };
        let [precision, y1, y0, x1, x0, count, listed @ ..] = content else {
            return Err(Fault::Malformed("a frame header that is too short"));
        };
        let width = u32::from(u16::from_be_bytes([*x1, *x0]));
        let height = u32::from(u16::from_be_bytes([*y1, *y0]));
        if *precision != 8 {
            return Err(Fault::Unsupported("a JPEG of more than 8 bits per sample"));
        }
        if height == 0 && width > 0 {
            return Err(Fault::Unsupported("a JPEG that tells its height only at its end"));
        }
        check_size(width, height)?;
        if listed.len() != 3 * usize::from(*count) || !matches!(count, 1 | 3 | 4) {
            return Err(Fault::Malformed("a frame header of a wrong number of components"));
        }
        Ok(Self { width, height, is_progressive, components: components(width, height, listed)? })
    }

    fn blocks(&self) -> u64 {
        self.components.iter().map(|component| component.blocks).sum()
    }
}

/// The components of a frame header, each with its blocks.
fn components(width: u32, height: u32, listed: &[u8]) -> Result<Vec<Component>, Fault> {
    let factors = |entry: &[u8]| [u32::from(entry[1] >> 4), u32::from(entry[1] & 15)];
    if listed.chunks(3).flat_map(factors).any(|factor| !(1..=4).contains(&factor)) {
        return Err(Fault::Malformed("a sampling factor that is not 1 to 4"));
    }
    let largest = |axis: usize| listed.chunks(3).map(|entry| factors(entry)[axis]).max();
    let [across, down] = [0, 1].map(|axis| largest(axis).unwrap_or(1));
    let blocks = |side: u32, factor: u32, largest: u32| {
        u64::from((side * factor).div_ceil(largest).div_ceil(8))
    };
    Ok(listed
        .chunks(3)
        .map(|entry| {
            let [x, y] = factors(entry);
            Component { id: entry[0], blocks: blocks(width, x, across) * blocks(height, y, down) }
        })
        .collect())
}

/// What the scans up to here cost.
#[derive(Default)]
struct Cost {
    scans: u32,
    steps: u64,
    restart_interval: u32,
}

impl Cost {
    /// Adds a scan and refuses what is too much.
    fn add_scan(&mut self, frame: &Frame, content: &[u8]) -> Result<(), Fault> {
        let short = Fault::Malformed("a scan header that is too short");
        let Some((&count, rest)) = content.split_first() else { return Err(short) };
        let count = usize::from(count);
        if !(1..=4).contains(&count) {
            return Err(Fault::Malformed("a scan of a wrong number of components"));
        }
        let (Some(selectors), Some(&[start, _, approximation])) =
            (rest.get(..2 * count), rest.get(2 * count..))
        else {
            return Err(short);
        };
        let blocks_of = |selector: &[u8]| -> Result<u64, Fault> {
            let named = frame.components.iter().filter(|component| component.id == selector[0]);
            named
                .map(|component| component.blocks)
                .max()
                .ok_or(Fault::Malformed("a scan of a component that the frame lacks"))
        };
        let blocks = selectors.chunks(2).map(blocks_of).sum::<Result<u64, Fault>>()?;
        let refines = frame.is_progressive && start > 0 && approximation >> 4 > 0;
        let restarts = blocks / u64::from(self.restart_interval.max(1));
        let restarts = if self.restart_interval > 0 { restarts } else { 0 };
        self.scans += 1;
        self.steps += SCAN_STEPS
            + blocks * if refines { REFINEMENT_STEPS } else { 1 }
            + restarts * RESTART_STEPS;
        self.check(frame, count)
    }

    fn check(&self, frame: &Frame, components_of_scan: usize) -> Result<(), Fault> {
        check_limit(self.scans.into(), MAX_SCANS.into(), "scans")?;
        check_limit(self.steps, MAX_STEPS, "steps of decoding")?;
        if frame.is_progressive || components_of_scan < frame.components.len() {
            let kept = frame.blocks() * BLOCK_BYTES;
            check_limit(kept, MAX_COEFFICIENT_BYTES, "bytes of coefficients")?;
        }
        Ok(())
    }
}
