//! Weighs the prefix codes of a lossless WebP (RFC 9649, section 3) before any decoder builds them.
//!
//! A group of codes costs the decoder up to 120 kB but the file some 60 bytes, and a file of 4 MB
//! may ask for 65,536 of them. Their number is known only from an image inside the file, so this
//! walks to it, and then through the codes.

use super::{Fault, check_limit};

/// Most groups. Encoders make some hundreds; libwebp at most 2,600.
const MAX_GROUPS: u32 = 5_000;
/// Most memory that the decoder may keep for all codes. The 2,600 groups of a large picture take
/// some 30 MB.
pub(in crate::photo) const MAX_CODE_BYTES: u64 = 100_000_000;
/// Sizes of the alphabets of green and lengths, red, blue, alpha, and distances.
const ALPHABETS: [usize; 5] = [256 + 24, 256, 256, 256, 40];
/// In which order the lengths of the code of code lengths are stored.
const LENGTH_ORDER: [usize; 19] =
    [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Refuses a frame of more groups than [`MAX_GROUPS`]; `frame` begins with its signature.
pub(super) fn check(frame: &[u8]) -> Result<(), Fault> {
    let damaged = Fault::Malformed("a lossless frame whose codes are damaged");
    let codes = Codes::of(frame).ok_or(damaged)?;
    check_limit(codes.groups.into(), MAX_GROUPS.into(), "groups of prefix codes")?;
    check_limit(codes.memory, MAX_CODE_BYTES, "bytes of prefix codes")
}

/// The codes of the picture itself.
struct Codes {
    groups: u32,
    /// Bytes that the decoder keeps for them; not looked at any further once they are too many.
    memory: u64,
}

impl Codes {
    /// `None` if the frame is damaged.
    fn of(frame: &[u8]) -> Option<Self> {
        let mut bits = Bits { bytes: frame, at: 8 };
        let (width, height) = skip_transforms(&mut bits)?;
        let cached = if bits.read(1)? == 1 { 1 << bits.read(4)? } else { 0 };
        let mut groups = 1;
        if bits.read(1)? == 1 {
            let size = bits.read(3)? + 2;
            groups += skip_image(&mut bits, blocks(width, size), blocks(height, size))?;
        }
        let mut memory = 0;
        for _ in 0..groups {
            if groups > MAX_GROUPS || memory > MAX_CODE_BYTES {
                break;
            }
            memory += read_group(&mut bits, cached)?.iter().map(Code::memory).sum::<u64>();
        }
        Some(Self { groups, memory })
    }
}

/// Walks through the transforms; returns the sides of the picture behind them.
fn skip_transforms(bits: &mut Bits<'_>) -> Option<(u32, u32)> {
    let (mut width, height) = (bits.read(14)? + 1, bits.read(14)? + 1);
    bits.read(4)?;
    let mut seen = 0_u32;
    while bits.read(1)? == 1 {
        let kind = bits.read(2)?;
        // Each transform comes once; a few bytes of another would cost a walk through an image.
        if seen & (1 << kind) != 0 {
            return None;
        }
        seen |= 1 << kind;
        match kind {
            0 | 1 => {
                let size = bits.read(3)? + 2;
                skip_image(bits, blocks(width, size), blocks(height, size))?;
            }
            2 => {}
            _ => {
                let colours = bits.read(8)? + 1;
                skip_image(bits, colours, 1)?;
                width = blocks(width, packing(colours));
            }
        }
    }
    Some((width, height))
}

/// Sides in blocks of 2^`size` pixels.
fn blocks(side: u32, size: u32) -> u32 {
    side.div_ceil(1 << size)
}

/// How many pixels a palette of so few colours packs into one, as a power of two.
fn packing(colours: u32) -> u32 {
    match colours {
        0..=2 => 3,
        3..=4 => 2,
        5..=16 => 1,
        _ => 0,
    }
}

/// Walks through an image inside the file and returns its largest red and green, as one number.
///
/// What a copy or a cached colour repeats was there before, so it needs no looking at.
fn skip_image(bits: &mut Bits<'_>, width: u32, height: u32) -> Option<u32> {
    let cached = if bits.read(1)? == 1 { 1 << bits.read(4)? } else { 0 };
    let codes = read_group(bits, cached)?;
    let pixels = u64::from(width) * u64::from(height);
    let (mut largest, mut done) = (0, 0);
    while done < pixels {
        let green = codes[0].symbol(bits)?;
        if green < 256 {
            let red = codes[1].symbol(bits)?;
            codes[2].symbol(bits)?;
            codes[3].symbol(bits)?;
            largest = largest.max(u32::from(red) << 8 | u32::from(green));
            done += 1;
        } else if usize::from(green) < ALPHABETS[0] {
            done += u64::from(number_of(bits, green - 256)?);
            let distance = codes[4].symbol(bits)?;
            number_of(bits, distance)?;
        } else {
            done += 1;
        }
        // What takes no bits goes on like this to the end.
        let is_one_colour = green < 256 && codes[..4].iter().all(|code| code.single.is_some());
        let is_one_cached = usize::from(green) >= ALPHABETS[0] && codes[0].single.is_some();
        if is_one_colour || is_one_cached {
            break;
        }
    }
    Some(largest)
}

/// The five codes of a group; the first one also names cached colours.
fn read_group(bits: &mut Bits<'_>, cached: usize) -> Option<Vec<Code>> {
    let size = |number: usize| ALPHABETS[number] + if number == 0 { cached } else { 0 };
    (0..ALPHABETS.len()).map(|number| Code::read(bits, size(number))).collect()
}

/// The number that a symbol of lengths or distances begins, with the bits that follow it.
fn number_of(bits: &mut Bits<'_>, symbol: u16) -> Option<u32> {
    let symbol = u32::from(symbol);
    if symbol < 4 {
        return Some(symbol + 1);
    }
    let extra = (symbol - 2) >> 1;
    Some(((2 + (symbol & 1)) << extra) + bits.read(extra)? + 1)
}

/// A canonical prefix code.
struct Code {
    /// How many codes have each length.
    counts: [u32; 16],
    /// The symbols by length of their code.
    symbols: Vec<u16>,
    /// The only symbol, which takes no bits.
    single: Option<u16>,
}

impl Code {
    fn read(bits: &mut Bits<'_>, alphabet: usize) -> Option<Self> {
        if bits.read(1)? == 1 {
            return Self::read_simple(bits, alphabet);
        }
        let mut of_lengths = [0; 19];
        let stored = bits.read(4)? as usize + 4;
        for &symbol in LENGTH_ORDER.get(..stored)? {
            of_lengths[symbol] = bits.read(3)? as u8;
        }
        let code = Self::of(&of_lengths)?;
        let most = if bits.read(1)? == 1 {
            let size = 2 + 2 * bits.read(3)?;
            2 + bits.read(size)?
        } else {
            alphabet as u32
        };
        let mut lengths = Vec::with_capacity(alphabet);
        let mut last = 8;
        for _ in 0..most {
            if lengths.len() >= alphabet {
                break;
            }
            let (length, count) = match code.symbol(bits)? {
                16 => (last, bits.read(2)? + 3),
                17 => (0, bits.read(3)? + 3),
                18 => (0, bits.read(7)? + 11),
                length => (length as u8, 1),
            };
            if length > 0 {
                last = length;
            }
            lengths.extend(std::iter::repeat_n(length, count as usize));
        }
        (lengths.len() <= alphabet).then(|| Self::of(&lengths))?
    }

    /// A code of one or two symbols. It has room for symbols that the alphabet of distances lacks.
    fn read_simple(bits: &mut Bits<'_>, alphabet: usize) -> Option<Self> {
        let has_two = bits.read(1)? == 1;
        let size = if bits.read(1)? == 1 { 8 } else { 1 };
        let first = bits.read(size)? as u16;
        let mut code = Self { counts: [0; 16], symbols: vec![first], single: Some(first) };
        if has_two {
            code.symbols.push(bits.read(8)? as u16);
            code.counts[1] = 2;
            code.single = None;
        }
        code.symbols.iter().all(|&symbol| usize::from(symbol) < alphabet).then_some(code)
    }

    /// The code of these lengths, one for each symbol; none is above 15.
    fn of(lengths: &[u8]) -> Option<Self> {
        let mut counts = [0; 16];
        for &length in lengths.iter().filter(|&&length| length > 0) {
            counts[usize::from(length)] += 1;
        }
        let mut places = [0; 16];
        for length in 1..15 {
            places[length + 1] = places[length] + counts[length] as usize;
        }
        let mut symbols = vec![0; counts.iter().sum::<u32>() as usize];
        for (symbol, &length) in (0_u16..).zip(lengths).filter(|(_, length)| **length > 0) {
            let place = &mut places[usize::from(length)];
            symbols[*place] = symbol;
            *place += 1;
        }
        let single = if let [only] = symbols[..] { Some(only) } else { None };
        (!symbols.is_empty()).then_some(Self { counts, symbols, single })
    }

    /// Bytes that the decoder keeps for it: a table of up to ten bits, and nodes for longer codes.
    fn memory(&self) -> u64 {
        let longest = self.counts.iter().rposition(|&count| count > 0).unwrap_or(0);
        let long: u32 = self.counts[11..].iter().sum();
        (4 << longest.min(10)) + 32 * u64::from(long)
    }

    fn symbol(&self, bits: &mut Bits<'_>) -> Option<u16> {
        if let Some(symbol) = self.single {
            return Some(symbol);
        }
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in &self.counts[1..] {
            code |= bits.read(1)?;
            if code < first + count {
                return self.symbols.get((index + code - first) as usize).copied();
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}

/// Reads bits, the least significant first.
struct Bits<'a> {
    bytes: &'a [u8],
    /// Position in bits.
    at: usize,
}

impl Bits<'_> {
    fn read(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for place in 0..count {
            let byte = *self.bytes.get(self.at / 8)?;
            value |= u32::from(byte >> (self.at % 8) & 1) << place;
            self.at += 1;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_codes_cost_the_decoder_more_than_their_table() {
        let memory = |lengths: &[u8]| Code::of(lengths).unwrap().memory();
        assert_eq!(memory(&[1, 1]), 8);
        assert_eq!(memory(&[11; 2048]), 4096 + 32 * 2048);
    }

    #[test]
    fn symbols_stand_in_the_order_of_their_codes() {
        let code = Code::of(&[3, 0, 1, 3, 2]).unwrap();
        assert_eq!(code.symbols, [2, 4, 0, 3]);
        // 110 is the first code of three bits; the first bit of a code is read first.
        assert_eq!(code.symbol(&mut Bits { bytes: &[0b011], at: 0 }), Some(0));
        assert!(Code::of(&[0, 0]).is_none());
    }
}
