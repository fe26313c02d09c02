//! Traces: spans of requests and stages, and the W3C trace context that joins those of several
//! programs.
//!
//! The spans are there without a collector as well, because log lines show the request's fields.

mod delivery;
mod export;

use http::{HeaderMap, StatusCode};
use mungpy_runtime::logging::REQUEST_TARGET as TARGET;
use opentelemetry::{
    Context,
    propagation::TextMapPropagator,
    trace::{Status, TraceContextExt},
};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::{Span, error_span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::{
    labels::{HttpMethod, RpcStatus, Stage},
    names::Name,
    request_id::RequestId,
};
pub use export::{ExportError, ExportLayer, TraceExport, start_export};

/// Name of the span of a request that is served.
const REQUEST: &str = "request";

/// The span of a gRPC request, which continues the trace of its headers.
pub fn rpc_span(id: &RequestId, method: &Name, headers: &HeaderMap) -> Span {
    let span = error_span!(
        target: TARGET, parent: None, REQUEST, request_id = id.as_str(), rpc.method = method.as_str()
    );
    continued(span, headers)
}

/// The span of an HTTP request, which continues the trace of its headers.
pub fn http_span(id: &RequestId, method: HttpMethod, route: &Name, headers: &HeaderMap) -> Span {
    let span = error_span!(
        target: TARGET, parent: None, REQUEST,
        request_id = id.as_str(), http.request.method = method.as_str(), http.route = route.as_str()
    );
    continued(span, headers)
}

/// The span of a stage, within the current span.
pub fn stage_span(stage: Stage) -> Span {
    match stage {
        Stage::Queue => info_span!(target: TARGET, "queue"),
        Stage::Decode => info_span!(target: TARGET, "decode"),
        Stage::Detect => info_span!(target: TARGET, "detect"),
        Stage::Landmarks => info_span!(target: TARGET, "landmarks"),
        Stage::Describe => info_span!(target: TARGET, "describe"),
        Stage::Search => info_span!(target: TARGET, "search"),
    }
}

/// Notes the status of a call on its span.
pub fn rpc_ended(span: &Span, status: RpcStatus) {
    span.set_attribute("rpc.system.name", "grpc");
    span.set_attribute("rpc.response.status_code", status.as_str());
    if status.is_servers_error() {
        span.set_attribute("error.type", status.as_str());
        span.set_status(Status::error(""));
    }
}

/// Notes the status of an HTTP request on its span.
pub fn http_ended(span: &Span, status: StatusCode) {
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set_attribute("error.type", status.as_str().to_owned());
        span.set_status(Status::error(""));
    }
}

/// Puts the trace of `span` into the headers of a request to another server. If traces are not
/// exported, it hands on what came in with `incoming`.
pub fn propagate(span: &Span, incoming: &HeaderMap, outgoing: &mut HeaderMap) {
    let own = span.context();
    let is_own = own.span().span_context().is_valid();
    let context = if is_own { own } else { context_of(incoming) };
    TraceContextPropagator::new().inject_context(&context, &mut HeaderInjector(outgoing));
}

fn continued(span: Span, headers: &HeaderMap) -> Span {
    // It fails only if nobody exports the span.
    let _ = span.set_parent(context_of(headers));
    span
}

fn context_of(headers: &HeaderMap) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_is_handed_on_where_nobody_exports() {
        let mut incoming = HeaderMap::new();
        incoming.insert("traceparent", PARENT.parse().unwrap());
        incoming.insert("tracestate", "vendor=1".parse().unwrap());
        incoming.insert("x-other", "stays".parse().unwrap());
        let mut outgoing = HeaderMap::new();
        propagate(&Span::none(), &incoming, &mut outgoing);
        assert_eq!(outgoing["traceparent"], PARENT);
        assert_eq!(outgoing["tracestate"], "vendor=1");
        assert!(!outgoing.contains_key("x-other"));
    }

    #[test]
    fn what_is_no_trace_is_dropped() {
        for bad in ["", "00-0-0-01", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"] {
            let mut incoming = HeaderMap::new();
            incoming.insert("traceparent", bad.parse().unwrap());
            let mut outgoing = HeaderMap::new();
            propagate(&Span::none(), &incoming, &mut outgoing);
            assert!(outgoing.get("traceparent").is_none(), "{bad}");
        }
    }
}
