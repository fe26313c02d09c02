//! The one field of the EXIF data that matters here.
//!
//! A parser of all fields follows pointers to directories that overlap, and a few kilobytes of them
//! make it keep millions of fields. This one reads the first directory once.

use super::integers::{be16, be32, le16, le32};

const ORIENTATION: u32 = 0x0112;
/// Bytes of a directory's entry.
const ENTRY: usize = 12;

/// The orientation in the primary directory of EXIF data (CIPA DC-008, 4.6.4), 1 to 8. Some
/// programs write the marker of a JPEG's segment before the data in other formats too.
pub(super) fn orientation(exif: &[u8]) -> Option<u32> {
    type Read = fn(&[u8], usize) -> Option<u32>;
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let (read16, read32): (Read, Read) = match exif.get(..4)? {
        b"MM\0\x2a" => (be16, be32),
        b"II\x2a\0" => (le16, le32),
        _ => return None,
    };
    let directory = read32(exif, 4)? as usize;
    let count = read16(exif, directory)? as usize;
    let entry = (0..count)
        .map(|number| directory + 2 + ENTRY * number)
        .take_while(|&at| at + ENTRY <= exif.len())
        .find(|&at| read16(exif, at) == Some(ORIENTATION))?;
    let value = match read16(exif, entry + 2)? {
        1 => u32::from(exif[entry + 8]), // BYTE
        3 => read16(exif, entry + 8)?,   // SHORT
        4 => read32(exif, entry + 8)?,   // LONG
        _ => return None,
    };
    (1..=8).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exif(entries: &[[u8; ENTRY]], count: u16) -> Vec<u8> {
        let start = [b"MM\0\x2a\0\0\0\x08".as_slice(), &count.to_be_bytes()].concat();
        [start, entries.concat()].concat()
    }

    #[test]
    fn the_orientation_is_read_in_each_type_and_nothing_else_is() {
        let entry = |kind: u8, value: [u8; 4]| {
            let [a, b, c, d] = value;
            [0x01, 0x12, 0, kind, 0, 0, 0, 1, a, b, c, d]
        };
        assert_eq!(orientation(&exif(&[entry(3, [0, 6, 0, 0])], 1)), Some(6));
        assert_eq!(orientation(&exif(&[entry(1, [8, 0, 0, 0])], 1)), Some(8));
        assert_eq!(orientation(&exif(&[[0; ENTRY], entry(4, [0, 0, 0, 3])], 2)), Some(3));
        assert_eq!(orientation(&exif(&[entry(3, [0, 9, 0, 0])], 1)), None);
        assert_eq!(orientation(&exif(&[entry(2, [0, 6, 0, 0])], 1)), None);
        assert_eq!(orientation(&exif(&[], 65_535)), None);
        assert_eq!(orientation(b"MM\0\x2a\xff\xff\xff\xff"), None);
        assert_eq!(orientation(b""), None);
    }
}
