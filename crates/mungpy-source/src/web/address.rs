//! Addresses as they are found in the wild.

use std::fmt::Write as _;

use url::Url;

use super::WebError;

/// Longest address that is asked, in bytes.
const MAX_ADDRESS_BYTES: usize = 4096;

/// Longest place that a message shows, in characters.
const SHOWN_CHARS: usize = 200;

/// Characters that feeds leave bare, that the URL standard lets pass, and that servers refuse.
const UNWISE: [u8; 8] = *b"[]{}|^`\\";

/// Parses an address that somebody wrote, with brackets, spaces or Korean in it.
///
/// # Errors
/// It is no http or https address, or it has a user name or a password.
pub fn parse_address(raw: &str) -> Result<Url, WebError> {
    parse(None, raw)
}

/// Parses an address like [`parse_address`], which may also be relative to another.
///
/// # Errors
/// As for [`parse_address`].
pub fn resolve_address(base: &Url, raw: &str) -> Result<Url, WebError> {
    parse(Some(base), raw)
}

fn parse(base: Option<&Url>, raw: &str) -> Result<Url, WebError> {
    let raw = raw.trim();
    let refused = |detail: String| WebError::AddressRefused { place: place_of_raw(raw), detail };
    if raw.len() > MAX_ADDRESS_BYTES {
        let bytes = raw.len();
        return Err(refused(format!(
            "the address has {bytes} bytes, more than the limit of {MAX_ADDRESS_BYTES}; shorten it"
        )));
    }
    if raw.is_empty() || raw.chars().any(char::is_control) {
        return Err(refused("the address is empty or has control characters".to_owned()));
    }
    let url = Url::options()
        .base_url(base)
        .parse(raw)
        .map_err(|error| refused(format!("it is no address of the web: {error}")))?;
    checked(&url)?;
    Ok(tidied(url))
}

/// Refuses what is not http or https, and what would send a password.
pub(super) fn checked(url: &Url) -> Result<(), WebError> {
    let refused = |detail: &str| {
        Err(WebError::AddressRefused { place: place(url), detail: detail.to_owned() })
    };
    if !matches!(url.scheme(), "http" | "https") {
        return refused("only http and https are asked; name such an address");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refused("the address has a user name or a password; remove it");
    }
    Ok(())
}

/// The address with everything percent-encoded that servers do not take bare, and without fragment.
fn tidied(mut url: Url) -> Url {
    let path = encoded(url.path());
    url.set_path(&path);
    let query = url.query().map(encoded);
    url.set_query(query.as_deref());
    url.set_fragment(None);
    url
}

/// Encodes what is bare, and a percent sign that encodes nothing.
fn encoded(part: &str) -> String {
    let bytes = part.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let mut text = String::with_capacity(part.len());
    for (at, character) in part.char_indices() {
        let is_stray = character == '%' && !(is_hex(at + 1) && is_hex(at + 2));
        match u8::try_from(character) {
            Ok(byte) if is_stray || UNWISE.contains(&byte) => {
                // Writing to a string cannot fail.
                let _ = write!(text, "%{byte:02X}");
            }
            _ => text.push(character),
        }
    }
    text
}

/// The address as messages show it: without what may be secret, and not too long.
pub(crate) fn place(url: &Url) -> String {
    cut(&bare(url))
}

/// The whole address without login, query and fragment, which may hold keys.
pub(crate) fn bare(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    // An address that cannot have a user name has none to hide.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.into()
}

/// The same of an address that may not be one.
fn place_of_raw(raw: &str) -> String {
    let end = raw.find(['?', '#']).unwrap_or(raw.len());
    let shown = raw[..end].rsplit('@').next().unwrap_or_default();
    let shown: String = shown.chars().filter(|character| !character.is_control()).collect();
    cut(&shown)
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_of_the_wild_are_encoded_once() {
        for (raw, expected) in [
            (" http://a.kr/files/dog[1].jpg ", "http://a.kr/files/dog%5B1%5D.jpg"),
            ("http://a.kr/dog 1.jpg", "http://a.kr/dog%201.jpg"),
            ("http://a.kr/dog%20%5B1%5D.jpg", "http://a.kr/dog%20%5B1%5D.jpg"),
            (
                "http://a.kr/강.jpg?이름=콩",
                "http://a.kr/%EA%B0%95.jpg?%EC%9D%B4%EB%A6%84=%EC%BD%A9",
            ),
            ("http://a.kr/50%.jpg", "http://a.kr/50%25.jpg"),
            ("http://a.kr/a?b[c]={d}|e#f", "http://a.kr/a?b%5Bc%5D=%7Bd%7D%7Ce"),
            ("HTTPS://A.kr:443/../x", "https://a.kr/x"),
            ("http://보호소.kr/", "http://xn--on3b27fu7v.kr/"),
        ] {
            let url = parse_address(raw).unwrap();
            assert_eq!(url.as_str(), expected, "{raw}");
            assert_eq!(parse_address(url.as_str()).unwrap(), url, "{raw}");
            assert!(url.as_str().is_ascii());
        }
    }

    #[test]
    fn other_addresses_are_refused() {
        for raw in [
            "",
            "dog.jpg",
            "//a.kr/dog.jpg",
            "ftp://a.kr/dog.jpg",
            "file:///etc/passwd",
            "data:image/png;base64,AAAA",
            "javascript:alert(1)",
            "http://",
            "http://user@a.kr/",
            "http://user:hush@a.kr/",
            "http://a.kr/a\nb",
            "http://a.kr:99999/",
        ] {
            let error = parse_address(raw).unwrap_err();
            assert!(matches!(error, WebError::AddressRefused { .. }), "{raw}: {error}");
            assert!(!error.to_string().contains("hush"), "{error}");
            assert!(!error.to_string().contains("user@"), "{error}");
        }
        let long = format!("http://a.kr/{}", "a".repeat(MAX_ADDRESS_BYTES));
        assert!(parse_address(&long).unwrap_err().to_string().len() < 400);
    }

    #[test]
    fn relative_addresses_are_resolved() {
        let base = parse_address("https://a.kr/lists/dogs.jsonl?key=x").unwrap();
        let resolved = |raw| resolve_address(&base, raw).unwrap().to_string();
        assert_eq!(resolved("../콩 [1].jpg"), "https://a.kr/%EC%BD%A9%20%5B1%5D.jpg");
        assert_eq!(resolved("http://b.kr/x"), "http://b.kr/x");
        assert!(resolve_address(&base, "file:///etc/passwd").is_err());
    }

    #[test]
    fn messages_show_no_query() {
        let error = parse_address("http://user:hush@a.kr:x/path?key=secret").unwrap_err();
        assert_eq!(error.to_string().split(": ").next(), Some("a.kr:x/path"));
        let url = Url::parse("http://user:hush@a.kr/path?key=secret#part").unwrap();
        assert_eq!(place(&url), "http://a.kr/path");
    }

    proptest! {
        #[test]
        fn no_text_panics(raw in any::<String>()) {
            for raw in [raw.clone(), format!("http://a.kr/{raw}")] {
                if let Ok(url) = parse_address(&raw) {
                    prop_assert_eq!(parse_address(url.as_str()), Ok(url));
                }
            }
        }
    }
}
