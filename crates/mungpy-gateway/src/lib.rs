//! The REST sidecar: HTTP in, gRPC out. It links neither dlib nor OpenCV.

mod error;
mod problem;
mod similar_dog;

use std::time::Duration;

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    routing::{get, post},
};
use mungpy_core::reason::Reason;
use mungpy_proto::limits::{MAX_IMAGE_ID_BYTES, MAX_PHOTO_BYTES};
use mungpy_proto::v1::{
    GetCatalogueRequest, catalogue_service_client::CatalogueServiceClient,
    match_service_client::MatchServiceClient,
};
use mungpy_transport::{Limits, Protocol};
use tokio::net::TcpListener;
use tonic::transport::{Channel, Endpoint};

pub use error::GatewayError;
use problem::Problem;

/// Largest request body, in bytes: a photo and the form around it.
const MAX_BODY: usize = MAX_PHOTO_BYTES + MAX_IMAGE_ID_BYTES + 64 * 1024;
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

/// Serves within the default limits, see [`serve_within`].
pub async fn serve(
    listener: TcpListener,
    upstream: &str,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), GatewayError> {
    serve_within(Limits::default(), listener, upstream, stop).await
}

/// Serves until `stop` completes, then drains: closes idle connections, finishes the requests in
/// flight, and cuts off those that outlast the grace period. `upstream` is the engine's address,
/// which need not respond yet.
pub async fn serve_within(
    limits: Limits,
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
    mungpy_transport::serve(listener, Protocol::Any, limits, router, stop).await;
    Ok(())
}

/// A request to the engine, which learns how long the gateway waits.
fn within<T>(message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(ENGINE_TIMEOUT);
    request
}

/// Liveness: the process responds.
async fn alive() -> &'static str {
    "ok\n"
}

/// Readiness: the engine responds and has a catalogue.
async fn ready(State(mut engine): State<Engine>) -> Result<&'static str, Problem> {
    engine.catalogue.get_catalogue(within(GetCatalogueRequest {})).await?;
    Ok("ok\n")
}

async fn not_found() -> Problem {
    Problem::new(Reason::NotFound, "there is nothing at this path")
}

async fn method_not_allowed() -> Problem {
    Problem::new(Reason::MethodNotAllowed, "this path does not take this method")
}
