//! Excerpts of text that a caller sent, and bytes as text.

use std::{borrow::Cow, fmt::Write};

/// Largest number of characters that an excerpt holds, without its ellipsis.
pub const EXCERPT_CHARS: usize = 64;

/// The beginning of a text, short enough for a message or a log line.
///
/// Whatever a message repeats of a request passes through here, so that a caller cannot make the
/// server send or log long text.
pub fn excerpt(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(EXCERPT_CHARS) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Bytes in hexadecimal, in lower case.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The bytes that [`hex`] has written, in either case; `None` if the text is something else.
pub fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let is_hex = text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit());
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).ok();
    is_hex.then(|| (0..text.len()).step_by(2).map(byte).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_from_hexadecimal_text() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(bytes_of_hex(&hex(&all)), Some(all));
        assert_eq!(hex(&[0, 0xab]), "00ab");
        assert_eq!(bytes_of_hex("00AB"), Some(vec![0, 0xab]));
        for other in ["0", "0g", "+1", "개", "가나"] {
            assert_eq!(bytes_of_hex(other), None, "{other}");
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(excerpt(""), "");
        let fits = "강".repeat(EXCERPT_CHARS);
        assert_eq!(excerpt(&fits), fits);
        assert_eq!(excerpt(&format!("{fits}아지")), format!("{fits}…"));
    }
}
