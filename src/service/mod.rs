//! The gRPC server: matching, catalogue, health and reflection.

mod catalogue_service;
mod errand;
mod error;
mod live_catalogue;
mod match_service;
mod public;
mod queue;
mod reception;
mod status;
mod worker_pool;

use std::sync::Arc;

use mungpy_proto::{
    DESCRIPTORS,
    limits::{MAX_REQUEST_BYTES, MAX_SMALL_REQUEST_BYTES},
    v1::{
        catalogue_service_server::CatalogueServiceServer, match_service_server::MatchServiceServer,
    },
};
use mungpy_transport::{Limits, Protocol};
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic_health::{ServingStatus, server::HealthReporter};
use tower::{ServiceExt, service_fn};

use crate::matching::Matcher;
use catalogue_service::CatalogueHandler;
pub use error::ServeError;
pub use live_catalogue::LiveCatalogue;
use match_service::MatchHandler;
pub use public::PublicSums;
pub use status::DOMAIN;
pub use worker_pool::WorkerPool;

/// What the server answers with.
pub struct Engine {
    /// Answers one request.
    pub matcher: Matcher,
    /// Measures persons.
    pub workers: WorkerPool,
    /// The dogs.
    pub catalogue: Arc<LiveCatalogue>,
    /// Running sums over the persons that are answered, if they are wanted.
    pub public: Option<PublicSums>,
}

/// Serves within the default limits, see [`serve_within`].
pub async fn serve(
    listener: TcpListener,
    engine: Engine,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    serve_within(Limits::default(), listener, engine, stop).await
}

/// Serves until `stop` completes, then drains: closes idle connections, finishes the requests in
/// flight, and cuts off those that outlast the grace period.
///
/// Until a catalogue with dogs is loaded, the health check reports `NOT_SERVING`.
pub async fn serve_within(
    limits: Limits,
    listener: TcpListener,
    engine: Engine,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    if limits.body_memory < 2 * MAX_REQUEST_BYTES {
        let bytes = limits.body_memory;
        tracing::warn!(bytes, "the largest requests find no room: raise --body-memory");
    }
    let (reporter, health) = tonic_health::server::health_reporter();
    announce(&reporter, ServingStatus::NotServing).await;
    let loaded = reporter.clone();
    let watch = tokio::spawn(Arc::clone(&engine.catalogue).watch(async move |snapshot| {
        let empty = snapshot.index.is_empty();
        announce(&loaded, if empty { ServingStatus::NotServing } else { ServingStatus::Serving })
            .await;
    }));
    let health = health.max_decoding_message_size(MAX_SMALL_REQUEST_BYTES);
    let routes = routes(engine)?.add_service(health).prepare();
    let app = service_fn(move |request| {
        let routes = routes.clone();
        async move {
            let response = match reception::receive(request).await {
                Ok(request) => routes.oneshot(request).await?,
                Err(refused) => refused.into_http(),
            };
            Ok(reception::explain(response))
        }
    });
    let stop = async {
        stop.await;
        watch.abort();
        announce(&reporter, ServingStatus::NotServing).await;
        tracing::info!(grace_s = limits.grace.as_secs(), "stopping: draining requests");
    };
    mungpy_transport::serve(listener, Protocol::Http2, limits, app, stop).await;
    Ok(())
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
    let catalogue = CatalogueHandler {
        catalogue: Arc::clone(&engine.catalogue),
        questionnaire: engine.matcher.questionnaire().clone(),
    };
    let matching = MatchHandler {
        matcher: Arc::new(engine.matcher),
        workers: Arc::new(engine.workers),
        catalogue: engine.catalogue,
        public: engine.public.map(Arc::new),
    };
    let (matching, catalogue) =
        (MatchServiceServer::new(matching), CatalogueServiceServer::new(catalogue));
    Ok(Routes::new(matching.max_decoding_message_size(MAX_REQUEST_BYTES))
        .add_service(catalogue.max_decoding_message_size(MAX_SMALL_REQUEST_BYTES))
        .add_service(reflection.max_decoding_message_size(MAX_SMALL_REQUEST_BYTES))
        .add_service(older.max_decoding_message_size(MAX_SMALL_REQUEST_BYTES)))
}

/// Sets the health of this service and of the server as a whole.
async fn announce(reporter: &HealthReporter, status: ServingStatus) {
    reporter.set_service_status("", status).await;
    reporter.set_service_status("mungpy.v1.MatchService", status).await;
}
