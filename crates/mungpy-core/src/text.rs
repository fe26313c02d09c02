//! Text that a caller sent, before it is shown to anybody.

use std::borrow::Cow;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(excerpt(""), "");
        let fits = "강".repeat(EXCERPT_CHARS);
        assert_eq!(excerpt(&fits), fits);
        assert_eq!(excerpt(&format!("{fits}아지")), format!("{fits}…"));
    }
}
