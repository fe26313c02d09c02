//! What is seen of each request: its span, its id in log lines, and how long it took.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request, State},
    http::Uri,
    middleware::Next,
    response::Response,
};
use mungpy_telemetry::{Build, GatewayMetrics, HttpMethod, Name, Names, RequestId, trace};
use tracing::Instrument;

use super::settings::Settings;

/// The paths of the gateway, as labels.
const ROUTES: [&str; 15] = [
    "/dog",
    "/api/v1/similar-dog",
    "/api/v1/similar-dog/batch",
    "/api/v1/describe",
    "/api/v1/dogs/{dog_id}",
    "/api/v1/dogs/{dog_id}/photo",
    "/api/v1/temperament",
    "/api/v1/attributes/{key}",
    "/api/v1/ops/status",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/docs/",
    "/docs/{*path}",
];

/// What the gateway counts, and the names that it counts under.
pub(crate) struct Telemetry {
    pub(crate) metrics: Arc<GatewayMetrics>,
    routes: Names,
}

impl Telemetry {
    /// Counts from zero.
    pub(crate) fn new(settings: &Settings) -> Arc<Self> {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let build = Build { version, revision: String::new() };
        let places: Vec<String> = settings.upstream.iter().map(|url| place(url)).collect();
        let metrics = Arc::new(GatewayMetrics::new(build, Names::new(ROUTES), &places));
        Arc::new(Self { metrics, routes: Names::new(ROUTES) })
    }

    fn route(&self, request: &Request) -> Name {
        let path = request.extensions().get::<MatchedPath>();
        self.routes.find(path.map_or("", MatchedPath::as_str))
    }
}

/// Host and port of an engine, without a password that its URL may hold.
pub fn place(url: &str) -> String {
    let authority = url.parse::<Uri>().ok().and_then(|uri| uri.authority().cloned());
    authority.map_or_else(String::new, |authority| {
        let port = authority.port_u16().map_or(String::new(), |port| format!(":{port}"));
        format!("{}{port}", authority.host())
    })
}

/// Gives a request its id and its span, and counts its answer.
pub(crate) async fn observe(
    State(telemetry): State<Arc<Telemetry>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::of_request(request.headers());
    let (route, method) = (telemetry.route(&request), request.method().clone());
    let counted = telemetry.metrics.request_begun(&method, Some(route.as_str()));
    let span = trace::http_span(&id, HttpMethod::of(&method), &route, request.headers());
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).instrument(span.clone()).await;
    id.put(response.headers_mut());
    trace::http_ended(&span, response.status());
    counted.ended(response.status());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_holds_no_password() {
        assert_eq!(place("http://user:secret@engine:50051/x"), "engine:50051");
        assert_eq!(place("https://engine"), "engine");
        assert_eq!(place("http://[::1]:1"), "[::1]:1");
        assert_eq!(place("no url"), "");
    }
}
