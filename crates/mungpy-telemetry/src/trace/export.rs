//! Sends spans to a collector by OTLP over HTTP.

use std::{thread, time::Duration};

use http::Uri;
use mungpy_core::reason::{Reason, WithReason};
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider},
};
use reqwest::{blocking::Client, redirect};
use thiserror::Error;
use tracing_subscriber::{
    Layer, Registry,
    filter::{LevelFilter, Targets},
};

use super::delivery::Delivery;

/// Path of traces on a collector, where the address names none.
const TRACES: &str = "/v1/traces";
/// How long the collector may take for one delivery.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a span waits for others to be sent with it.
const DELAY: Duration = Duration::from_secs(2);
/// Spans that may wait for a slow collector; further ones are dropped.
const WAITING_SPANS: usize = 4096;
/// How long the end of the program may wait for spans that were not sent yet.
const FLUSH: Duration = Duration::from_secs(2);

/// The layer that collects spans, for `logging::start_with`.
pub type ExportLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Why traces cannot be exported. The messages leave out the address, which may hold a password.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The address is none.
    #[error(
        "the address of the trace collector is no http or https URL; write it like `http://collector:4318`"
    )]
    AddressInvalid,
    /// The system grants no thread or no certificates.
    #[error("traces cannot be exported: {0}")]
    NotStarted(String),
}

impl WithReason for ExportError {
    fn reason(&self) -> Reason {
        Reason::ConfigInvalid
    }
}

/// Keeps the export running. Dropping it sends what waits, within two seconds.
#[must_use = "dropping it ends the export"]
pub struct TraceExport {
    provider: SdkTracerProvider,
}

impl Drop for TraceExport {
    fn drop(&mut self) {
        // A collector that is away has been told of already.
        let _ = self.provider.shutdown_with_timeout(FLUSH);
    }
}

/// Starts to export spans of `service`, e.g. `mungpy`, to the collector at `url`. A thread sends
/// them. Requests never wait for it: if the collector is slow or away, spans are dropped.
pub fn start_export(
    url: &str,
    service: &'static str,
    version: &'static str,
) -> Result<(TraceExport, ExportLayer), ExportError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client()?)
        .with_endpoint(endpoint(url)?)
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(DELIVERY_TIMEOUT)
        .build()
        .map_err(|_| ExportError::AddressInvalid)?;
    let batches = BatchConfigBuilder::default()
        .with_max_queue_size(WAITING_SPANS)
        .with_scheduled_delay(DELAY)
        .build();
    let processor =
        BatchSpanProcessor::builder(Delivery::new(exporter)).with_batch_config(batches).build();
    let resource = Resource::builder()
        .with_service_name(service)
        .with_attribute(KeyValue::new("service.version", version))
        .build();
    let provider =
        SdkTracerProvider::builder().with_span_processor(processor).with_resource(resource).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(service))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        // Libraries may tell details of a request at finer levels.
        .with_filter(Targets::new().with_target("mungpy", LevelFilter::INFO));
    Ok((TraceExport { provider }, Box::new(layer)))
}

/// The whole address of the traces.
fn endpoint(url: &str) -> Result<String, ExportError> {
    let uri: Uri = url.parse().map_err(|_| ExportError::AddressInvalid)?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
        return Err(ExportError::AddressInvalid);
    }
    Ok(match uri.path() {
        "/" | "" => format!("{}{TRACES}", url.trim_end_matches('/')),
        _ => url.to_owned(),
    })
}

/// A blocking client, which must not be made on a thread of an asynchronous runtime.
fn client() -> Result<Client, ExportError> {
    // Another part of the program may have chosen one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = thread::spawn(|| {
        Client::builder().timeout(DELIVERY_TIMEOUT).redirect(redirect::Policy::none()).build()
    });
    let not_started = |detail: String| ExportError::NotStarted(detail);
    let client = made.join().map_err(|_| not_started("its client panicked".to_owned()))?;
    client.map_err(|error| not_started(error.without_url().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_path_is_completed() {
        let found = |url| endpoint(url).unwrap();
        assert_eq!(found("http://collector:4318"), "http://collector:4318/v1/traces");
        assert_eq!(found("https://collector:4318/"), "https://collector:4318/v1/traces");
        assert_eq!(found("http://collector/otlp/v1/traces"), "http://collector/otlp/v1/traces");
    }

    #[test]
    fn an_error_does_not_tell_the_password_of_the_address() {
        for bad in ["grpc://me:secret@collector", "me:secret@collector:4318", "http://", "", "/v1"]
        {
            let error = start_export(bad, "mungpy", "0").err().expect(bad);
            assert!(!error.to_string().contains("secret"));
            assert!(!format!("{error:?}").contains("secret"));
            assert_eq!(error.reason(), Reason::ConfigInvalid);
        }
    }
}
