//! Telemetry as an operator's programs see it: a scraper, a trace collector, promtool.

mod deploy;
mod metrics;
mod scraping;
mod traces;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::StatusCode;
use mungpy_core::reason::Reason;
use mungpy_telemetry::{
    BatchOutcome, Build, Device, DogOutcome, EngineMetrics, GatewayMetrics, Model, Names,
    RpcStatus, Stage,
};

const MATCH: &str = "mungpy.v1.MatchService/Match";

fn build() -> Build {
    Build { version: "0.2.0".to_owned(), revision: "abc".to_owned() }
}

fn engine() -> Arc<EngineMetrics> {
    let methods = Names::of_methods(&[mungpy_proto::DESCRIPTORS]).unwrap();
    Arc::new(EngineMetrics::new(build(), methods))
}

fn gateway() -> Arc<GatewayMetrics> {
    let routes = Names::new(["/similar-dog", "/dogs/{id}"]);
    Arc::new(GatewayMetrics::new(build(), routes, &["localhost:50051".to_owned()]))
}

/// An engine to which everything has happened once.
fn busy_engine() -> Arc<EngineMetrics> {
    let engine = engine();
    engine.admitted();
    engine.refused(Reason::Overloaded);
    engine.set_workers(2);
    engine.call_begun(engine.method(MATCH)).ended(RpcStatus::Ok);
    engine.call_begun(engine.method("/no/such")).ended(RpcStatus::DeadlineExceeded);
    drop(engine.call_begun(engine.method(MATCH)));
    engine.stage_ended(Stage::Search, Duration::from_micros(120));
    let published = SystemTime::now() - Duration::from_secs(3600);
    engine.catalogue_loaded(7, 1234, published);
    engine.dog_answered("dog-1");
    engine.models_loaded([model()], Device::Cpu);
    engine.batch_ended(&batch(true));
    engine
}

fn model() -> Model {
    let text = |text: &str| text.to_owned();
    Model { role: text("dog-landmarks"), file: text("dogs.dat"), sha256: text("fb\"\\\n") }
}

fn batch(is_success: bool) -> BatchOutcome {
    BatchOutcome {
        ended: SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_500),
        duration: Duration::from_secs(90),
        is_success,
        dogs: vec![(DogOutcome::Enrolled, None, 5), (DogOutcome::Refused, Some(Reason::NoFace), 2)],
    }
}

/// A gateway to which everything has happened once.
fn busy_gateway() -> Arc<GatewayMetrics> {
    let gateway = gateway();
    gateway.request_begun(&http::Method::POST, Some("/similar-dog")).ended(StatusCode::OK);
    drop(gateway.request_begun(&http::Method::GET, None));
    gateway.set_healthy("localhost:50051", true);
    gateway.retried("localhost:50051");
    gateway
}
