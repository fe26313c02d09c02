//! The gRPC server: matching, catalogue, health and reflection.

mod assignment;
mod batch_watch;
mod catalogue;
mod errand;
mod error;
mod front;
mod guard;
mod health;
mod live_catalogue;
mod match_service;
mod operations_service;
mod public;
mod queue;
mod reception;
mod status;
mod worker_pool;

use std::{convert::Infallible, sync::Arc, time::Duration};

use mungpy_proto::{
    DESCRIPTORS,
    limits::{MAX_REQUEST_BYTES, MAX_SMALL_REQUEST_BYTES},
    v1::{
        match_service_server::MatchServiceServer,
        operations_service_server::OperationsServiceServer,
    },
};
use mungpy_telemetry::{Build, EngineMetrics, Names};
use mungpy_transport::{Limits, Protocol, Server, Tls};
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::service::Routes;
use tower::service_fn;

use crate::matching::{Matcher, Snapshot};
pub use catalogue::Upkeep;
use catalogue::{CatalogueHandler, SizedService};
pub use error::ServeError;
use front::Front;
pub use guard::Guard;
use health::Health;
pub use health::LIVENESS;
pub use live_catalogue::LiveCatalogue;
use match_service::MatchHandler;
use operations_service::OperationsHandler;
pub use public::PublicSums;
pub use status::DOMAIN;
pub use worker_pool::WorkerPool;

/// What the server answers with.
pub struct Engine {
    /// Answers one request.
    pub matcher: Arc<Matcher>,
    /// Measures persons.
    pub workers: Arc<WorkerPool>,
    /// The dogs.
    pub catalogue: Arc<LiveCatalogue>,
    /// What keeps the catalogue up.
    pub upkeep: Upkeep,
    /// Running sums over the persons that are answered, if they are wanted.
    pub public: Option<PublicSums>,
    /// What is counted.
    pub metrics: Arc<EngineMetrics>,
}

/// On which terms the server serves. The default is plain text, for everybody.
#[derive(Default)]
pub struct Terms {
    /// What callers may use.
    pub limits: Limits,
    /// The certificate, if the server speaks TLS.
    pub tls: Option<Tls>,
    /// Who may call what.
    pub guard: Guard,
    /// How long the server goes on taking calls after it has announced its end, so that balancers
    /// can learn of it.
    pub drain_pause: Duration,
    /// Age of the catalogue from which on the server says that it is not ready.
    pub max_catalogue_age: Option<Duration>,
}

/// Metrics that are all at zero, for the methods that are served.
pub fn metrics() -> Arc<EngineMetrics> {
    let build = Build { version: env!("CARGO_PKG_VERSION").to_owned(), revision: String::new() };
    let methods = Names::of_methods(&[DESCRIPTORS, tonic_health::pb::FILE_DESCRIPTOR_SET]);
    Arc::new(EngineMetrics::new(build, methods.expect("the descriptors are built in")))
}

/// Serves on the default terms, see [`serve_on`].
pub async fn serve(
    listener: TcpListener,
    engine: Engine,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    serve_on(Terms::default(), listener, engine, stop).await
}

/// Serves until `stop` completes, then drains: says that it is not ready, pauses, closes idle
/// connections, finishes the requests in flight, and cuts off those that outlast the grace period.
///
/// Until a catalogue with dogs is loaded, the health check reports `NOT_SERVING`.
pub async fn serve_on(
    terms: Terms,
    listener: TcpListener,
    engine: Engine,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let Terms { limits, tls, guard, drain_pause, max_catalogue_age } = terms;
    if limits.body_memory < 2 * MAX_REQUEST_BYTES {
        let bytes = limits.body_memory;
        tracing::warn!(bytes, "the largest requests find no room: raise --body-memory");
    }
    let (reporter, checks) = tonic_health::server::health_reporter();
    let mut health = Health::begin(reporter, max_catalogue_age).await;
    let metrics = Arc::clone(&engine.metrics);
    metrics.set_workers(engine.workers.size());
    let connections = Arc::clone(&metrics);
    let (watch, batch) = (watch(&engine, &health), engine.upkeep.batch());
    let (tokens, workers) = (guard.tokens.clone(), Arc::clone(&engine.workers));
    let checks = checks.max_decoding_message_size(MAX_SMALL_REQUEST_BYTES);
    let services = routes(engine)?.add_service(checks).prepare();
    let front = Arc::new(Front { guard, metrics, workers, services });
    let app = service_fn(move |request| {
        let front = Arc::clone(&front);
        async move { Ok::<_, Infallible>(front.answer(request).await) }
    });
    let stop = async {
        stop.await;
        watch.shutdown().await;
        health.end().await;
        let (pause_s, grace_s) = (drain_pause.as_secs(), limits.grace.as_secs());
        tracing::info!(pause_s, grace_s, "stopping: draining requests");
        tokio::time::sleep(drain_pause).await;
        health.close().await;
        if let Some(batch) = batch {
            batch.close();
        }
    };
    let mut server = Server::new(listener, Protocol::Http2).limits(limits).tls(tls);
    server = server.counted(move || connections.connected());
    if let Some(tokens) = tokens {
        server = server.watch(Arc::new(tokens));
    }
    server.serve(app, stop).await;
    Ok(())
}

/// Follows the published catalogue, loads each new one, and announces and counts it; and follows
/// the batches.
fn watch(engine: &Engine, health: &Health) -> Watch {
    let (metrics, announced) = (Arc::clone(&engine.metrics), health.clone());
    let loaded = async move |snapshot: &Snapshot| {
        let (version, dogs) = (snapshot.version, snapshot.left(chrono::Utc::now()));
        metrics.catalogue_loaded(version, dogs, snapshot.published_at.into());
        announced.judge(snapshot).await;
    };
    let catalogue = Arc::clone(&engine.catalogue);
    let aging = health.clone().watch(Arc::clone(&catalogue), Arc::clone(&engine.metrics));
    let batches = batch_watch::watch(engine.upkeep.data_dir(), Arc::clone(&engine.metrics));
    Watch([tokio::spawn(catalogue.watch(loaded)), tokio::spawn(aging), tokio::spawn(batches)])
}

/// The tasks that follow the catalogue.
struct Watch([JoinHandle<()>; 3]);

impl Watch {
    /// Ends the tasks. Afterwards none of them announces anything.
    async fn shutdown(self) {
        for task in self.0 {
            task.abort();
            let _ = task.await;
        }
    }
}

/// Every service but health.
fn routes(engine: Engine) -> Result<Routes, ServeError> {
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    // Many clients know only the older version of reflection.
    let (reflection, older) = (reflection().build_v1()?, reflection().build_v1alpha()?);
    let Engine { matcher, workers, catalogue: live, upkeep, public, metrics } = engine;
    let questionnaire = matcher.questionnaire().clone();
    let catalogue = CatalogueHandler::new(Arc::clone(&live), questionnaire, upkeep);
    let operations = OperationsHandler::new(Arc::clone(&workers), Arc::clone(&metrics));
    let matching = MatchHandler::new(matcher, workers, live, public, metrics);
    let (matching, catalogue) = (MatchServiceServer::new(matching), SizedService::new(catalogue));
    Ok(Routes::new(matching.max_decoding_message_size(MAX_REQUEST_BYTES))
        .add_service(catalogue)
        .add_service(
            OperationsServiceServer::new(operations)
                .max_decoding_message_size(MAX_SMALL_REQUEST_BYTES),
        )
        .add_service(reflection.max_decoding_message_size(MAX_SMALL_REQUEST_BYTES))
        .add_service(older.max_decoding_message_size(MAX_SMALL_REQUEST_BYTES)))
}
