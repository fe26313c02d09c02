//! Chunks of a PNG.

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A chunk with the checksum that it needs.
pub(super) fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let named = [&kind, content].concat();
    let checksum = crc32fast::hash(&named).to_be_bytes();
    [&(content.len() as u32).to_be_bytes()[..], &named, &checksum].concat()
}

/// A PNG with the right checksums, as far as its chunks can be followed, so that damage reaches
/// what is behind them. Other files stay as they are.
pub(super) fn with_checksums(file: &[u8]) -> Vec<u8> {
    let Some(mut rest) = file.strip_prefix(SIGNATURE) else { return file.to_vec() };
    let mut png = SIGNATURE.to_vec();
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some((kind, tail)) = tail.split_first_chunk::<4>() else { break };
        if tail.len() < length.saturating_add(4) {
            break;
        }
        png.extend(chunk(*kind, &tail[..length]));
        rest = &tail[length + 4..];
    }
    png.extend(rest);
    png
}

/// A PNG with a chunk behind its header.
pub(super) fn with_chunk(png: &[u8], kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let behind_header = SIGNATURE.len() + 25;
    [&png[..behind_header], &chunk(kind, content), &png[behind_header..]].concat()
}
