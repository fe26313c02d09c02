//! The REST sidecar: HTTP in, gRPC out. Links neither dlib nor OpenCV.

mod problem;
mod similar_dog;

use std::{future::Future, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    routing::{get, post},
};
use tokio::net::TcpListener;
use tonic::transport::{Channel, Endpoint};

use crate::proto::v1::{
    GetCatalogueRequest, catalogue_service_client::CatalogueServiceClient,
    match_service_client::MatchServiceClient,
};
use problem::Problem;

/// Largest photo that is passed on, in bytes; the engine has the same limit.
const MAX_PHOTO: usize = 10 * 1024 * 1024;
/// Largest request body: a photo and the form around it.
const MAX_BODY: usize = MAX_PHOTO + 64 * 1024;
/// How long the engine may take for one request.
const ENGINE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a connection to the engine may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Why the gateway could not start or ended.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The address of the engine cannot be used.
    #[error("upstream {upstream}: {source}; write it like http://127.0.0.1:50051")]
    Upstream {
        /// As it was given.
        upstream: String,
        /// What is wrong with it.
        source: tonic::transport::Error,
    },
    /// The HTTP server failed.
    #[error("the HTTP server failed: {0}")]
    Http(#[from] std::io::Error),
}

/// Connections to the engine; shared by all requests.
#[derive(Clone)]
struct Engine {
    matching: MatchServiceClient<Channel>,
    catalogue: CatalogueServiceClient<Channel>,
}

/// Serves until `stop` is done, then lets running requests end. `upstream` is
/// the engine's address, which need not answer yet.
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

/// The process answers.
async fn alive() -> &'static str {
    "ok\n"
}

/// The engine answers and has a catalogue.
async fn ready(State(mut engine): State<Engine>) -> Result<&'static str, Problem> {
    engine.catalogue.get_catalogue(GetCatalogueRequest {}).await?;
    Ok("ok\n")
}

async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is nothing at this path")
}

async fn method_not_allowed() -> Problem {
    let message = "this path does not take this method";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message)
}
