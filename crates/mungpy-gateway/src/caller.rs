//! Who asks, in which language, and how long the caller waits.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use mungpy_core::reason::Reason;
use mungpy_telemetry::{RequestId, trace};
use mungpy_transport::{Peer, bearer};
use tokio::time::Instant;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tracing::Span;

use super::{
    forwarded::{self, TrustedProxies},
    language::Language,
    problem::Problem,
};

/// How many seconds the caller waits for the answer; decimals are allowed.
pub(crate) const REQUEST_TIMEOUT: HeaderName = HeaderName::from_static("x-request-timeout");
/// W3C trace context.
const TRACE_HEADERS: [HeaderName; 2] =
    [HeaderName::from_static("traceparent"), HeaderName::from_static("tracestate")];
/// Longest trace header that is passed on, in bytes.
const MAX_HEADER: usize = 512;
/// Longest time that a caller may name, in seconds: a day, for a stream.
const MAX_PATIENCE: f64 = 24.0 * 3600.0;

/// What a request says about its caller; an extension of each request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) language: Language,
    /// When the answer must be there, if the caller says so.
    pub(crate) deadline: Option<Instant>,
    /// Where the request comes from, as far as trusted proxies know.
    pub(crate) address: Option<IpAddr>,
    /// Whether the caller speaks TLS, with the gateway or a trusted proxy.
    pub(crate) is_encrypted: bool,
    /// Whether a proxy says that it speaks for somebody else, trusted or not.
    pub(crate) is_forwarded: bool,
    /// Whether the request carries credentials of any kind, perhaps for a proxy.
    has_credentials: bool,
    id: RequestId,
    /// The trace that the request belongs to, as its headers say.
    trace: HeaderMap,
    /// The token that the caller shows: `Bearer` only, as others are meant for a proxy.
    authorization: Option<HeaderValue>,
}

impl Caller {
    pub(crate) fn of(request: &Request, proxies: &TrustedProxies) -> Result<Self, Problem> {
        let headers = request.headers();
        let peer: Option<&Peer> = request.extensions().get();
        let address = peer.map(|peer| peer.address.ip());
        let token = headers.get(header::AUTHORIZATION);
        Ok(Self {
            language: language(request)?,
            deadline: timeout(headers)?.map(|patience| Instant::now() + patience),
            address: address.map(|address| proxies.client(address, headers)),
            is_encrypted: peer.is_some_and(|peer| peer.encrypted)
                || address.is_some_and(|address| proxies.is_encrypted(address, headers)),
            is_forwarded: forwarded::is_claimed(headers),
            has_credentials: token.is_some(),
            id: request.extensions().get().cloned().unwrap_or_else(RequestId::make),
            trace: TRACE_HEADERS.iter().filter_map(|name| passable(headers, name)).collect(),
            authorization: bearer(headers).and(token).cloned(),
        })
    }

    /// The value of `Authorization: Bearer`.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (_scheme, token) = self.authorization.as_ref()?.to_str().ok()?.split_once(' ')?;
        Some(token.trim())
    }

    /// Whether the caller has shown a token of its own.
    pub(crate) fn has_token(&self) -> bool {
        self.authorization.is_some()
    }

    /// `Cache-Control` of an answer that may be kept for a while: by everybody, unless it was given
    /// to somebody who showed credentials.
    pub(crate) fn may_keep(&self, how_long: &str) -> HeaderValue {
        let who = if self.has_credentials { "private" } else { "public" };
        HeaderValue::try_from(format!("{who}, {how_long}"))
            .unwrap_or(HeaderValue::from_static("no-store"))
    }

    /// The same caller, whose token was meant for the gateway.
    pub(crate) fn without_token(self) -> Self {
        Self { authorization: None, ..self }
    }

    /// Tells an engine who asks. A caller's own token takes the place of the gateway's.
    pub(crate) fn tell(&self, metadata: &mut MetadataMap) {
        let mut tell = |name: &HeaderName, value: &HeaderValue| {
            let value = MetadataValue::<Ascii>::try_from(value.as_bytes());
            if let (Ok(value), Ok(key)) =
                (value, tonic::metadata::AsciiMetadataKey::from_bytes(name.as_str().as_bytes()))
            {
                metadata.insert(key, value);
            }
        };
        tell(&header::ACCEPT_LANGUAGE, &HeaderValue::from_static(self.language.tag()));
        if let Some(token) = &self.authorization {
            tell(&header::AUTHORIZATION, token);
        }
        self.id.put(metadata.as_mut());
        trace::propagate(&Span::current(), &self.trace, metadata.as_mut());
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| {
            Problem::new(Reason::EngineFailed, "the gateway does not know its caller")
        })
    }
}

/// Notes who asks.
pub(crate) async fn introduce(
    State(proxies): State<Arc<TrustedProxies>>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = match Caller::of(&request, &proxies) {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// The language of the parameter `lang`, or else of `Accept-Language`.
fn language(request: &Request) -> Result<Language, Problem> {
    let mut pairs = request.uri().query().unwrap_or_default().split('&');
    match pairs.find_map(|pair| pair.strip_prefix("lang=")) {
        Some(tag) if request.uri().path().starts_with("/api/") => Language::asked(tag),
        _ => Ok(Language::preferred(request.headers())),
    }
}

fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Problem> {
    let Some(value) = headers.get(REQUEST_TIMEOUT) else { return Ok(None) };
    let seconds = value.to_str().ok().and_then(|text| text.trim().parse::<f64>().ok());
    match seconds.filter(|seconds| seconds.is_finite() && *seconds > 0.0) {
        Some(seconds) => Ok(Some(Duration::from_secs_f64(seconds.min(MAX_PATIENCE)))),
        None => Err(Problem::new(
            Reason::FieldInvalid,
            "x-request-timeout is no number of seconds above 0; write it like 2.5",
        )),
    }
}

/// A header of the caller that may go on to the engine and into log lines.
fn passable(headers: &HeaderMap, name: &HeaderName) -> Option<(HeaderName, HeaderValue)> {
    let value = headers.get(name)?;
    let is_plain = value.as_bytes().iter().all(|byte| (b' '..=b'~').contains(byte));
    (is_plain && value.len() <= MAX_HEADER).then(|| (name.clone(), value.clone()))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn caller(uri: &str, headers: &[(&str, &str)]) -> Result<Caller, Problem> {
        let request = headers.iter().fold(Request::builder().uri(uri), |request, (name, value)| {
            request.header(*name, *value)
        });
        Caller::of(&request.body(Body::empty()).unwrap(), &TrustedProxies::default())
    }

    #[test]
    fn the_parameter_wins_over_the_header() {
        let language = |uri| caller(uri, &[("accept-language", "ko")]).unwrap().language;
        assert_eq!(language("/api/x?a=b"), Language::Ko);
        assert_eq!(language("/api/x?a=b&lang=en"), Language::En);
        assert_eq!(language("/?lang=en"), Language::Ko, "the page has its own way");
        assert!(caller("/api/x?lang=fr", &[]).is_err());
    }

    #[test]
    fn a_deadline_is_a_number_of_seconds() {
        assert!(caller("/", &[]).unwrap().deadline.is_none());
        let asked = |value| caller("/", &[("x-request-timeout", value)]);
        let before = |seconds| Some(Instant::now() + Duration::from_secs_f64(seconds));
        assert!(asked("0.5").unwrap().deadline <= before(0.5));
        let capped = asked("1e300").unwrap().deadline;
        assert!(capped.is_some() && capped <= before(MAX_PATIENCE));
        for wrong in ["0", "-1", "soon", "NaN", "inf", ""] {
            assert!(asked(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_engine_learns_what_the_caller_said() {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let said = [("traceparent", trace), ("authorization", "bearer  abc")];
        let caller = caller("/", &said).unwrap();
        assert_eq!(caller.bearer(), Some("abc"));
        let mut metadata = MetadataMap::new();
        caller.tell(&mut metadata);
        assert_eq!(metadata.get("traceparent").unwrap(), trace);
        assert!(metadata.get("x-request-id").is_some());
        assert_eq!(metadata.get("accept-language").unwrap(), "en");
        assert_eq!(metadata.get("authorization").unwrap(), "bearer  abc");
    }

    #[test]
    fn what_a_proxy_asks_for_does_not_replace_the_gateways_token() {
        let caller = caller("/", &[("authorization", "Basic YWJj")]).unwrap();
        assert!(caller.has_credentials && !caller.has_token() && caller.bearer().is_none());
        let mut metadata = MetadataMap::new();
        metadata.insert("authorization", "Bearer gateway".parse().unwrap());
        caller.tell(&mut metadata);
        assert_eq!(metadata.get("authorization").unwrap(), "Bearer gateway");
    }
}
