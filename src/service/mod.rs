//! The gRPC server: matching, catalogue, health and reflection.

mod catalogue_service;
mod match_service;
mod shelf;
mod status;

use std::{future::Future, sync::Arc, time::Duration};

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::{
    matching::{MAX_PHOTOS, Matcher},
    photo::MAX_BYTES,
    proto::{
        DESCRIPTORS,
        v1::{
            catalogue_service_server::CatalogueServiceServer,
            match_service_server::MatchServiceServer,
        },
    },
};
use catalogue_service::Describing;
use match_service::Matching;
pub use shelf::Shelf;
pub use status::DOMAIN;

/// Largest request: the photos, and room for the rest.
const MAX_REQUEST: usize = MAX_PHOTOS * MAX_BYTES + 1024 * 1024;
/// How long requests that are under way may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(20);

/// Why the server could not start or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The transport failed.
    #[error("the gRPC server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptors built into this program are damaged.
    #[error("server reflection failed: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

type MatchServer = MatchServiceServer<Matching>;

/// Serves until `stop` is done, then lets running requests end.
///
/// Until a catalogue is loaded, the health check says `NOT_SERVING`.
pub async fn serve(
    listener: TcpListener,
    matcher: Matcher,
    shelf: Arc<Shelf>,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let questionnaire = matcher.questionnaire().clone();
    let describing = Describing { shelf: Arc::clone(&shelf), questionnaire };
    let matching = Matching::new(Arc::new(matcher), Arc::clone(&shelf));
    let (reporter, health) = tonic_health::server::health_reporter();
    announce(&reporter, ServingStatus::NotServing).await;
    let loaded = reporter.clone();
    let watch = tokio::spawn(shelf.watch(async move |snapshot| {
        let empty = snapshot.index.is_empty();
        announce(&loaded, if empty { ServingStatus::NotServing } else { ServingStatus::Serving })
            .await;
    }));
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
    let (draining, drained) = tokio::sync::oneshot::channel();
    let watching = watch.abort_handle();
    let stopped = async {
        stop.await;
        watching.abort();
        announce(&reporter, ServingStatus::NotServing).await;
        tracing::info!(grace_s = GRACE.as_secs(), "stopping; running requests may end");
        let _ = draining.send(());
    };
    let server = Server::builder()
        .add_service(health)
        .add_service(reflection.build_v1()?)
        .add_service(MatchServer::new(matching).max_decoding_message_size(MAX_REQUEST))
        .add_service(CatalogueServiceServer::new(describing))
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), stopped);
    let too_late = async {
        if drained.await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = server => Ok(served?),
        () = too_late => {
            tracing::warn!("requests were cut off after the grace period");
            Ok(())
        }
    }
}

/// Tells the state for this service and for the server as a whole.
async fn announce(reporter: &HealthReporter, status: ServingStatus) {
    reporter.set_service_status("", status).await;
    reporter.set_service_status("mungpy.v1.MatchService", status).await;
}
