//! What protects browsers and the gateway itself: headers of every answer, other origins, and
//! bounds on requests.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use mungpy_telemetry::REQUEST_ID;
use mungpy_transport::RateLimit;
use tokio::sync::{Semaphore, SemaphorePermit};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use super::{
    caller::{Caller, REQUEST_TIMEOUT},
    problem::Problem,
    settings::Settings,
};

const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; \
    img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; object-src 'none'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// How long a browser remembers what another origin may ask.
const CORS_MEMORY: Duration = Duration::from_secs(3600);

/// Headers of every answer, unless its route sets them itself.
const HEADERS: [(HeaderName, &str); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];
/// Headers of what a browser may show as a document, beside these.
const OF_DOCUMENTS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];
/// What is never a document: files that a page is made of. Each header there costs every visitor.
const NO_DOCUMENTS: [&str; 4] = ["text/javascript", "text/css", "image/png", "image/jpeg"];

/// Adds the headers that protect browsers.
pub(crate) async fn add_headers(mut response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_document = !kind.is_some_and(|kind| NO_DOCUMENTS.iter().any(|no| kind.starts_with(no)));
    let more = OF_DOCUMENTS.into_iter().filter(|_| is_document);
    let headers = response.headers_mut();
    for (name, value) in HEADERS.into_iter().chain(more) {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Which other origins may ask.
pub(crate) fn cors(origins: &[HeaderValue]) -> CorsLayer {
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers([
            header::ACCEPT_LANGUAGE,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            REQUEST_ID,
            REQUEST_TIMEOUT,
            HeaderName::from_static("traceparent"),
            HeaderName::from_static("tracestate"),
        ])
        .expose_headers([
            header::ETAG,
            header::RETRY_AFTER,
            REQUEST_ID,
            HeaderName::from_static("x-photo-scale"),
        ])
        .max_age(CORS_MEMORY);
    if origins.iter().any(|origin| origin == "*") {
        layer.allow_origin(Any)
    } else {
        layer.allow_origin(AllowOrigin::list(origins.iter().cloned()))
    }
}

/// How many requests may be under way at a time, and how many each caller may send.
pub(crate) struct Bounds {
    room: Semaphore,
    rate: Option<RateLimit>,
}

impl Bounds {
    /// The bounds that the settings name.
    pub(crate) fn new(settings: &Settings) -> Self {
        let room = Semaphore::new(settings.requests.min(Semaphore::MAX_PERMITS));
        Self { room, rate: settings.rate_limit.map(RateLimit::new) }
    }

    fn check(&self, caller: &Caller) -> Result<SemaphorePermit<'_>, Problem> {
        if let (Some(rate), Some(address)) = (&self.rate, caller.address) {
            rate.check(address).map_err(|refused| Problem::rate(&refused))?;
        }
        let full = |_| Problem::busy("too many requests are under way; try again");
        self.room.try_acquire().map_err(full)
    }
}

/// Refuses a request at once if too many are under way, or too many came from the same address.
pub(crate) async fn bound(
    State(bounds): State<Arc<Bounds>>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    match bounds.check(&caller) {
        Ok(_permit) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
