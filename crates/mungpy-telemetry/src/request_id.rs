//! The id that a request has in every log line, trace and error.

use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header, and the key of gRPC's metadata, that carries the id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id that is taken from a caller, in bytes.
const LONGEST: usize = 64;

/// Id of a request: up to 64 of `A-Z a-z 0-9 . _ -`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The id that the caller gave, if it is one; else a new one.
    pub fn of_request(headers: &HeaderMap) -> Self {
        let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
        given.and_then(Self::parse).unwrap_or_else(Self::make)
    }

    /// The id, if it is made of the allowed characters.
    pub fn parse(text: &str) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_sane = (1..=LONGEST).contains(&text.len()) && text.bytes().all(is_allowed);
        is_sane.then(|| Self(text.into()))
    }

    /// A new id: a UUID of version 7, so that ids sort by time.
    pub fn make() -> Self {
        Self(Uuid::now_v7().to_string().into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Puts the id into the headers of an answer, or of the next request on the way.
    pub fn put(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.0) {
            headers.insert(REQUEST_ID, value);
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(id: &[u8]) -> HeaderMap {
        [(REQUEST_ID, HeaderValue::from_bytes(id).unwrap())].into_iter().collect()
    }

    #[test]
    fn a_sane_id_goes_all_the_way() {
        let id = RequestId::of_request(&headers(b"Order-7_a.b"));
        assert_eq!(id.as_str(), "Order-7_a.b");
        let mut onward = HeaderMap::new();
        id.put(&mut onward);
        assert_eq!(RequestId::of_request(&onward), id);
    }

    #[test]
    fn any_other_id_is_replaced() {
        for bad in [&b""[..], b"a b", b"a\tb", "\u{e9}".as_bytes(), b"\xff", &[b'a'; 65], b"a\"b"] {
            let id = RequestId::of_request(&headers(bad));
            assert_eq!(id.as_str().len(), 36, "{bad:?}");
            assert_eq!(RequestId::parse(id.as_str()).as_ref(), Some(&id));
        }
        assert!(RequestId::parse(&"a".repeat(64)).is_some());
        assert_ne!(RequestId::of_request(&HeaderMap::new()), RequestId::make());
    }
}
