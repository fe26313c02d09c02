//! The gRPC server: matching, catalogue, health and reflection.

mod catalogue_service;
mod error;
mod live_catalogue;
mod match_service;
mod public;
mod status;
mod worker_pool;

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use mungpy_proto::{
    DESCRIPTORS,
    limits::{MAX_PHOTO_BYTES, MAX_PHOTOS},
    v1::{
        catalogue_service_server::CatalogueServiceServer, match_service_server::MatchServiceServer,
    },
};
use tokio::{net::TcpListener, sync::oneshot, time::timeout};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Server, server::Router};
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::matching::Matcher;
use catalogue_service::CatalogueHandler;
pub use error::ServeError;
pub use live_catalogue::LiveCatalogue;
use match_service::MatchHandler;
pub use public::PublicSums;
pub use status::DOMAIN;
pub use worker_pool::WorkerPool;

/// Largest request, in bytes: the photos, and room for the rest.
const MAX_REQUEST: usize = MAX_PHOTOS * MAX_PHOTO_BYTES + 1024 * 1024;
/// How long requests in flight may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(20);

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

/// Serves until `stop` completes, then drains: refuses new requests and finishes those in flight.
///
/// Until a catalogue with dogs is loaded, the health check reports `NOT_SERVING`.
pub async fn serve(
    listener: TcpListener,
    engine: Engine,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let (reporter, health) = tonic_health::server::health_reporter();
    announce(&reporter, ServingStatus::NotServing).await;
    let loaded = reporter.clone();
    let watch = tokio::spawn(Arc::clone(&engine.catalogue).watch(async move |snapshot| {
        let empty = snapshot.index.is_empty();
        announce(&loaded, if empty { ServingStatus::NotServing } else { ServingStatus::Serving })
            .await;
    }));
    let (drain, draining) = oneshot::channel::<()>();
    let router = router(engine)?.add_service(health);
    let mut server =
        pin!(router.serve_with_incoming_shutdown(TcpListenerStream::new(listener), async {
            let _ = draining.await;
        }));
    tokio::select! {
        served = &mut server => return Ok(served?),
        () = stop => {}
    }
    watch.abort();
    announce(&reporter, ServingStatus::NotServing).await;
    tracing::info!(grace_s = GRACE.as_secs(), "stopping: draining requests");
    let _ = drain.send(());
    if let Ok(served) = timeout(GRACE, server).await {
        served?;
    } else {
        tracing::warn!("requests were cut off after the grace period");
    }
    Ok(())
}

/// Every service but health.
fn router(engine: Engine) -> Result<Router, ServeError> {
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
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
    Ok(Server::builder()
        .add_service(reflection.build_v1()?)
        .add_service(MatchServiceServer::new(matching).max_decoding_message_size(MAX_REQUEST))
        .add_service(CatalogueServiceServer::new(catalogue)))
}

/// Sets the health of this service and of the server as a whole.
async fn announce(reporter: &HealthReporter, status: ServingStatus) {
    reporter.set_service_status("", status).await;
    reporter.set_service_status("mungpy.v1.MatchService", status).await;
}
