//! The metrics of the gateway.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::{
    instruments::{
        Bounds, Build, CALL_SECONDS, Durations, Held, build_info, gauge, observe, register, render,
    },
    labels::HttpMethod,
    names::{Name, Names},
    process::register_process,
};

/// What nginx notes for a caller who has gone before the answer.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// The metrics of the gateway.
pub struct GatewayMetrics {
    registry: Registry,
    routes: Names,
    upstreams: Names,
    duration: Durations<RequestLabels>,
    connections: Gauge,
    healthy: Family<UpstreamLabels, Gauge>,
    retries: Family<UpstreamLabels, Counter>,
}

#[expect(clippy::struct_field_names, reason = "OpenTelemetry's names of attributes")]
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    http_request_method: HttpMethod,
    http_route: Name,
    http_response_status_code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamLabels {
    upstream: Name,
}

impl GatewayMetrics {
    /// Metrics that are all at zero. `routes` are the templates of the routes, `upstreams` the
    /// engines of the configuration as `host:port`, without secrets.
    pub fn new(build: Build, routes: Names, upstreams: &[String]) -> Self {
        let mut registry = Registry::default();
        let to = &mut registry;
        let duration = Durations::new_with_constructor(Bounds(CALL_SECONDS));
        let help = "Time from the head of a request to the end of its answer, in seconds";
        let duration = register(to, "http_server_request_duration_seconds", help, duration);
        let connections = gauge(to, "mungpy_gateway_connections_open", "Connections that are open");
        let help = "Whether an engine answers as healthy: 1 or 0";
        let healthy: Family<UpstreamLabels, Gauge> =
            register(to, "mungpy_gateway_upstream_healthy", help, Family::default());
        let help = "Calls that were tried again, by the engine that failed";
        let retries: Family<UpstreamLabels, Counter> =
            register(to, "mungpy_gateway_upstream_retries", help, Family::default());
        register_process(to);
        build_info(to, "mungpy_gateway_build", build);
        let upstreams = Names::new(upstreams.iter().map(String::as_str));
        for upstream in upstreams.iter().cloned() {
            let labels = UpstreamLabels { upstream };
            let _ = (healthy.get_or_create_owned(&labels), retries.get_or_create_owned(&labels));
        }
        Self { registry, routes, upstreams, duration, connections, healthy, retries }
    }

    /// The text of a scrape, in the format that [`CONTENT_TYPE`](crate::CONTENT_TYPE) names.
    pub fn render(&self) -> String {
        render(&self.registry)
    }

    /// Begins to measure a request. `route` is the template that matched, if any did.
    pub fn request_begun(
        self: &Arc<Self>,
        method: &http::Method,
        route: Option<&str>,
    ) -> HttpRequest {
        HttpRequest {
            metrics: Arc::clone(self),
            method: HttpMethod::of(method),
            route: self.routes.find(route.unwrap_or_default()),
            begun: Instant::now(),
            is_ended: false,
        }
    }

    /// A connection is open, until the returned value is dropped.
    pub fn connected(&self) -> Held {
        Held::begin(&self.connections)
    }

    /// Whether an engine of the configuration is healthy.
    pub fn set_healthy(&self, upstream: &str, is_healthy: bool) {
        let labels = UpstreamLabels { upstream: self.upstreams.find(upstream) };
        self.healthy.get_or_create(&labels).set(i64::from(is_healthy));
    }

    /// A call to an engine of the configuration failed and is tried again.
    pub fn retried(&self, upstream: &str) {
        let labels = UpstreamLabels { upstream: self.upstreams.find(upstream) };
        self.retries.get_or_create(&labels).inc();
    }

    fn ended(&self, request: &HttpRequest, status: u16, elapsed: Duration) {
        let labels = RequestLabels {
            http_request_method: request.method,
            http_route: request.route.clone(),
            http_response_status_code: status,
        };
        observe(&self.duration.get_or_create(&labels), elapsed);
    }
}

/// A request that is under way. If it is dropped before it has ended, the caller has gone, and the
/// status is 499.
#[must_use = "dropping it counts the request as given up by its caller"]
pub struct HttpRequest {
    metrics: Arc<GatewayMetrics>,
    method: HttpMethod,
    route: Name,
    begun: Instant,
    is_ended: bool,
}

impl HttpRequest {
    /// The request has ended with this status.
    pub fn ended(mut self, status: http::StatusCode) {
        self.end(status.as_u16());
    }

    fn end(&mut self, status: u16) {
        self.is_ended = true;
        self.metrics.ended(self, status, self.begun.elapsed());
    }
}

impl Drop for HttpRequest {
    fn drop(&mut self) {
        if !self.is_ended {
            self.end(CLIENT_CLOSED_REQUEST);
        }
    }
}
