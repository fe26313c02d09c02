//! What happens to spans on their way to the collector.

use std::{
    borrow::Cow,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use opentelemetry::trace::SpanKind;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};

use super::REQUEST;

/// Names spans as OpenTelemetry does, and tells when the collector goes away and when it is back.
/// Log lines keep the short names.
#[derive(Debug)]
pub(super) struct Delivery<E> {
    exporter: E,
    is_failing: AtomicBool,
}

impl<E> Delivery<E> {
    pub(super) fn new(exporter: E) -> Self {
        Self { exporter, is_failing: AtomicBool::new(false) }
    }
}

impl<E: SpanExporter> SpanExporter for Delivery<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().for_each(named);
        let result = self.exporter.export(batch).await;
        // The cause would repeat the address, which may hold a password.
        match (self.is_failing.swap(result.is_err(), Ordering::Relaxed), &result) {
            (false, Err(_)) => {
                tracing::warn!(
                    "the trace collector takes no spans; they are dropped until it does"
                );
            }
            (true, Ok(())) => tracing::info!("the trace collector takes spans again"),
            _ => {}
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

fn named(span: &mut SpanData) {
    if span.name != REQUEST {
        return;
    }
    span.span_kind = SpanKind::Server;
    let attribute = |key: &str| {
        let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == key);
        found.map(|attribute| attribute.value.to_string())
    };
    let http = attribute("http.request.method").zip(attribute("http.route"));
    let http = http.map(|(method, route)| format!("{method} {route}"));
    if let Some(name) = attribute("rpc.method").or(http) {
        span.name = Cow::Owned(name);
    }
}
