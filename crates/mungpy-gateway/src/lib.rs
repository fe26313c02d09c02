//! The REST sidecar: HTTP in, gRPC out. It links neither dlib nor OpenCV.

mod error;
mod problem;
mod similar_dog;

use std::{future::Future, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    routing::{get, post},
};
use mungpy_core::reason::Reason;
use mungpy_proto::limits::MAX_PHOTO_BYTES;
use mungpy_proto::v1::{
    GetCatalogueRequest, catalogue_service_client::CatalogueServiceClient,
    match_service_client::MatchServiceClient,
};
use tokio::net::TcpListener;
use tonic::transport::{Channel, Endpoint};

pub use error::GatewayError;
use problem::Problem;

/// Largest request body, in bytes: a photo and the form around it.
const MAX_BODY: usize = MAX_PHOTO_BYTES + 64 * 1024;
/// How long the engine may take to answer one request.
const ENGINE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long connecting to the engine may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Connections to the engine, shared by all requests.
#[derive(Clone)]
struct Engine {
    matching: MatchServiceClient<Channel>,
    catalogue: CatalogueServiceClient<Channel>,
}

/// Serves until `stop` completes, then drains requests in flight. `upstream` is the engine's
/// address, which need not respond yet.
pub async fn serve(
    listener: TcpListener,
    upstream: &str,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), GatewayError> {
    let endpoint = Endpoint::from_shared(upstream.to_owned())
        .map_err(|source| GatewayError::Upstream { upstream: upstream.to_owned(), source })?
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(ENGINE_TIMEOUT);
    let channel = endpoint.connect_lazy();
    let engine = Engine {
        matching: MatchServiceClient::new(channel.clone()),
        catalogue: CatalogueServiceClient::new(channel),
    };
    let router = Router::new()
        .route("/api/v1/similar-dog", post(similar_dog::similar_dog))
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(engine);
    axum::serve(listener, router).with_graceful_shutdown(stop).await?;
    Ok(())
}

/// Liveness: the process responds.
async fn alive() -> &'static str {
    "ok\n"
}

/// Readiness: the engine responds and has a catalogue.
async fn ready(State(mut engine): State<Engine>) -> Result<&'static str, Problem> {
    engine.catalogue.get_catalogue(GetCatalogueRequest {}).await?;
    Ok("ok\n")
}

async fn not_found() -> Problem {
    Problem::new(Reason::NotFound, "there is nothing at this path")
}

async fn method_not_allowed() -> Problem {
    Problem::new(Reason::MethodNotAllowed, "this path does not take this method")
}
