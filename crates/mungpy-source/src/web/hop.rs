//! One address on the way of a request, and the next one that a redirect leads to.

use reqwest::{
    StatusCode,
    header::{ACCEPT_ENCODING, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION},
};
use url::Url;

use super::{WebError, WebRequest, address, failure, network};

/// What is asked of one address.
#[derive(Debug, Clone)]
pub(super) struct Hop<'a> {
    request: &'a WebRequest,
    pub(super) url: Url,
    /// Whether the headers of the request go along; a key is for the host that it was meant for.
    has_headers: bool,
    /// Whether the body of the request goes along.
    has_body: bool,
}

impl<'a> Hop<'a> {
    /// The address of a request.
    pub(super) fn first(request: &'a WebRequest) -> Result<Self, WebError> {
        address::checked(&request.url)?;
        let has_body = request.post.is_some();
        Ok(Self { request, url: request.url.clone(), has_headers: true, has_body })
    }

    /// The JSON to post here.
    pub(super) fn body(&self) -> Option<&'a serde_json::Value> {
        self.request.post.as_ref().filter(|_| self.has_body)
    }

    /// The headers to send here.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.has_headers {
            headers = self.request.headers.clone();
        }
        // A small compressed answer may unpack to any size.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.extend(self.conditions());
        headers
    }

    /// Whether the server may answer that nothing has changed.
    pub(super) fn is_conditional(&self) -> bool {
        self.conditions().next().is_some()
    }

    fn conditions(&self) -> impl Iterator<Item = (reqwest::header::HeaderName, HeaderValue)> {
        let known = self.request.known.as_ref().filter(|_| self.request.post.is_none());
        let etag = known.and_then(|known| known.etag.as_deref());
        let date = known.and_then(|known| known.last_modified.as_deref());
        [(IF_NONE_MATCH, etag), (IF_MODIFIED_SINCE, date)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, HeaderValue::from_str(value?).ok()?)))
    }

    /// Where a redirect leads; `None` if the answer is none.
    pub(super) fn next(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<Option<Self>, WebError> {
        let Some(location) = headers.get(LOCATION).filter(|_| is_redirect(status)) else {
            return Ok(None);
        };
        let location = str::from_utf8(location.as_bytes()).map_err(|_| {
            let detail = "the address that the server redirects to is not UTF-8".to_owned();
            failure::unusable(&self.url, detail)
        })?;
        let url = address::resolve_address(&self.url, location)?;
        let is_downgrade = self.url.scheme() == "https" && url.scheme() == "http";
        if is_downgrade && (!self.request.headers.is_empty() || self.request.post.is_some()) {
            let detail = "the server redirects from https to http, where keys could be read";
            return Err(network::refused(&url, detail));
        }
        let keeps_body = matches!(status.as_u16(), 307 | 308);
        Ok(Some(Self {
            has_headers: self.has_headers && is_same_host(&self.url, &url),
            has_body: self.has_body && keeps_body,
            request: self.request,
            url,
        }))
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Whether two addresses belong to one server. The move from http to https changes the port.
fn is_same_host(from: &Url, to: &Url) -> bool {
    let ports = (from.port_or_known_default(), to.port_or_known_default());
    let is_upgrade = from.scheme() == "http" && ports == (Some(80), Some(443));
    from.host() == to.host() && (ports.0 == ports.1 || is_upgrade)
}

#[cfg(test)]
mod tests {
    use reqwest::header::AUTHORIZATION;
    use serde_json::json;

    use super::*;

    fn request(url: &str) -> WebRequest {
        let mut request = WebRequest::get(url.parse().unwrap(), 10);
        request.headers.insert(AUTHORIZATION, HeaderValue::from_static("key"));
        request
    }

    fn to(location: &str) -> HeaderMap {
        [(LOCATION, HeaderValue::from_bytes(location.as_bytes()).unwrap())].into_iter().collect()
    }

    #[test]
    fn a_key_stays_with_its_host() {
        for (from, location, keeps) in [
            ("https://a.kr/x", "/y", true),
            ("https://a.kr/x", "https://A.kr:443/y", true),
            ("http://a.kr/x", "https://a.kr/x", true),
            ("http://a.kr/x", "http://b.kr/x", false),
            ("https://a.kr/x", "https://a.kr:8443/x", false),
            ("http://a.kr:8080/x", "https://a.kr/x", false),
            ("https://a.kr/x", "https://api.a.kr/x", false),
        ] {
            let request = request(from);
            let first = Hop::first(&request).unwrap();
            let next = first.next(StatusCode::FOUND, &to(location)).unwrap().unwrap();
            assert_eq!(next.headers().contains_key(AUTHORIZATION), keeps, "{from} {location}");
            let back = next.next(StatusCode::FOUND, &to(from)).unwrap_or(None);
            let has_key = back.is_some_and(|back| back.headers().contains_key(AUTHORIZATION));
            assert!(keeps || !has_key, "the key came back: {from} {location}");
        }
    }

    #[test]
    fn a_key_never_leaves_encryption() {
        let with_key = request("https://a.kr/x");
        let first = Hop::first(&with_key).unwrap();
        let error = first.next(StatusCode::FOUND, &to("http://a.kr/x?key=secret")).unwrap_err();
        assert!(matches!(error, WebError::AddressRefused { .. }), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");

        let mut plain = with_key.clone();
        plain.headers.clear();
        let first = Hop::first(&plain).unwrap();
        assert!(first.next(StatusCode::FOUND, &to("http://a.kr/x")).unwrap().is_some());

        plain.post = Some(json!({}));
        let first = Hop::first(&plain).unwrap();
        assert!(first.next(StatusCode::TEMPORARY_REDIRECT, &to("http://a.kr/x")).is_err());
    }

    #[test]
    fn a_body_is_posted_again_only_where_the_redirect_says_so() {
        let mut request = request("https://a.kr/x");
        request.post = Some(json!({}));
        let first = Hop::first(&request).unwrap();
        for (status, posts) in [(301, false), (302, false), (303, false), (307, true), (308, true)]
        {
            let status = StatusCode::from_u16(status).unwrap();
            let next = first.next(status, &to("/y")).unwrap().unwrap();
            assert_eq!(next.body().is_some(), posts, "{status}");
        }
        assert!(first.next(StatusCode::OK, &to("/y")).unwrap().is_none());
        assert!(first.next(StatusCode::FOUND, &HeaderMap::new()).unwrap().is_none());
    }

    #[test]
    fn a_redirect_leads_to_the_web_only() {
        let request = request("https://a.kr/x");
        let first = Hop::first(&request).unwrap();
        for location in ["file:///etc/passwd", "ftp://a.kr/", "https://user:hush@a.kr/"] {
            assert!(first.next(StatusCode::FOUND, &to(location)).is_err(), "{location}");
        }
        let next = first.next(StatusCode::FOUND, &to("/콩[1].jpg")).unwrap().unwrap();
        assert_eq!(next.url.as_str(), "https://a.kr/%EC%BD%A9%5B1%5D.jpg");
    }
}
