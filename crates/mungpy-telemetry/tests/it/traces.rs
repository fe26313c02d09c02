use std::{convert::Infallible, sync::mpsc, thread, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use mungpy_telemetry::{
    HttpMethod, Names, RequestId, RpcStatus, Stage,
    trace::{
        ExportLayer, http_ended, http_span, propagate, rpc_ended, rpc_span, stage_span,
        start_export,
    },
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::any_value::Value,
    trace::v1::{Span, span::SpanKind, status::StatusCode as SpanStatus},
};
use prost::Message as _;
use tokio::net::TcpListener;
use tracing::subscriber::with_default;
use tracing_subscriber::prelude::*;

use crate::{MATCH, engine};

/// How long to wait for what must come; only a failure takes so long.
const PATIENCE: Duration = Duration::from_secs(30);
/// Target of the engine's lines.
const ENGINE: &str = "mungpy::service";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A trace collector, which decodes what it is sent.
fn collector() -> (String, mpsc::Receiver<(ExportTraceServiceRequest, Bytes)>) {
    let (sender, received) = mpsc::channel();
    let (ready, address) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ready.send(listener.local_addr().unwrap()).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let sender = sender.clone();
                let service = service_fn(move |request| collect(request, sender.clone()));
                let io = TokioIo::new(stream);
                tokio::spawn(http1::Builder::new().serve_connection(io, service));
            }
        });
    });
    (format!("http://{}", address.recv().unwrap()), received)
}

async fn collect(
    request: Request<Incoming>,
    sender: mpsc::Sender<(ExportTraceServiceRequest, Bytes)>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    assert_eq!(request.uri().path(), "/v1/traces");
    assert_eq!(request.headers()["content-type"], "application/x-protobuf");
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let _ = sender.send((ExportTraceServiceRequest::decode(body.clone()).unwrap(), body));
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::OK;
    Ok(response)
}

/// What reaches a collector while `work` runs: the service's name, the spans, the bytes.
fn exported(work: impl FnOnce()) -> (String, Vec<Span>, Vec<u8>) {
    let (url, received) = collector();
    let (export, layer) = start_export(&url, "mungpy", "0.2.0").unwrap();
    run_with(layer, work);
    drop(export);
    let (mut service, mut spans, mut bytes) = (String::new(), Vec::new(), Vec::new());
    let mut next = received.recv_timeout(PATIENCE).ok();
    while let Some((request, body)) = next {
        bytes.extend_from_slice(&body);
        for resource in request.resource_spans {
            for attribute in resource.resource.unwrap().attributes {
                if attribute.key == "service.name" {
                    service = text(attribute.value.unwrap().value);
                }
            }
            spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
        }
        next = received.try_recv().ok();
    }
    (service, spans, bytes)
}

fn run_with(layer: ExportLayer, work: impl FnOnce()) {
    with_default(tracing_subscriber::registry().with(layer), work);
}

fn text(value: Option<Value>) -> String {
    match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    }
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
    Some(text(found.value.clone().unwrap().value))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn find<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name} in {spans:#?}"))
}

fn traced() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", format!("00-{TRACE}-{PARENT}-01").parse().unwrap());
    headers.insert("tracestate", "vendor=1".parse().unwrap());
    headers
}

#[test]
fn one_trace_leads_from_gateway_to_stages() {
    let (metrics, id) = (engine(), RequestId::parse("r-7").unwrap());
    let method = metrics.method(MATCH);
    let (service, spans, _) = exported(|| {
        let incoming = traced();
        let route = Names::new(["/similar-dog"]).find("/similar-dog");
        let outer = http_span(&id, HttpMethod::Post, &route, &incoming);
        let mut onward = HeaderMap::new();
        propagate(&outer, &incoming, &mut onward);
        let inner = rpc_span(&id, &method, &onward);
        inner.in_scope(|| {
            stage_span(Stage::Decode).in_scope(|| tracing::info!(target: ENGINE, "decoded"));
        });
        rpc_ended(&inner, RpcStatus::Internal);
        http_ended(&outer, StatusCode::OK);
    });
    assert_eq!(service, "mungpy");
    assert_eq!(spans.len(), 3, "{spans:#?}");
    assert!(spans.iter().all(|span| hex(&span.trace_id) == TRACE), "{spans:#?}");
    let outer = find(&spans, "POST /similar-dog");
    assert_eq!(hex(&outer.parent_span_id), PARENT);
    assert_eq!(outer.trace_state, "vendor=1");
    assert_eq!(outer.kind, SpanKind::Server as i32);
    assert_eq!(attribute(outer, "http.response.status_code").as_deref(), Some("200"));
    assert_eq!(attribute(outer, "request_id").as_deref(), Some("r-7"));
    let inner = find(&spans, MATCH);
    assert_eq!(inner.kind, SpanKind::Server as i32);
    assert_eq!(inner.parent_span_id, outer.span_id);
    assert_eq!(inner.status.as_ref().unwrap().code, SpanStatus::Error as i32);
    let code = attribute(inner, "rpc.response.status_code");
    assert_eq!(code.as_deref(), Some("INTERNAL"));
    let decode = find(&spans, "decode");
    assert_eq!(decode.parent_span_id, inner.span_id);
    assert_eq!(decode.events[0].name, "decoded");
}

#[test]
fn details_of_libraries_and_of_debugging_are_not_exported() {
    let (_, spans, bytes) = exported(|| {
        let span = rpc_span(&RequestId::make(), &engine().method(MATCH), &HeaderMap::new());
        let _entered = span.enter();
        tracing::debug!(target: ENGINE, "hidden detail");
        tracing::info!(target: "h2", "hidden frame");
        drop(tracing::info_span!(target: "h2", "hidden span"));
        tracing::info!(target: ENGINE, "told");
    });
    assert_eq!(spans.len(), 1, "{spans:#?}");
    let found = |wanted: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
    assert!(found(b"told"));
    assert!(!found(b"hidden"));
}

#[test]
fn a_request_does_not_wait_for_a_collector() {
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        // One that is not there, and one that takes the connection and never answers.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses = [silent.local_addr().unwrap(), closed.local_addr().unwrap()];
        drop(closed);
        for address in addresses {
            let url = format!("http://{address}");
            let (export, layer) = start_export(&url, "mungpy", "0.2.0").unwrap();
            run_with(layer, || {
                for _ in 0..20_000 {
                    drop(stage_span(Stage::Search));
                }
            });
            drop(export);
        }
        done.send(()).unwrap();
    });
    is_done.recv_timeout(PATIENCE).expect("the program waits for its collector");
}
