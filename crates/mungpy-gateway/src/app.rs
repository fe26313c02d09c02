//! The routes and the layers around them.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn_with_state, map_response},
    routing::{get, post},
};
use mungpy_core::reason::Reason;
use tower_http::{
    CompressionLevel,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, NotForContentType, Predicate},
    },
};

use super::{
    caller,
    form::MAX_FORM,
    forwarded::TrustedProxies,
    problem::Problem,
    protection::{self, Bounds},
    routes::{
        batch, compat, describe, docs, dogs, health,
        ops::{self, OpsToken},
        page, similar_dog, temperament,
    },
    settings::Settings,
    telemetry::{self, Telemetry},
    upstream::Engines,
};

/// The level at which answers are compressed while they are sent.
const COMPRESSION: CompressionLevel = CompressionLevel::Precise(4);

/// All that the gateway answers.
pub(crate) fn router(
    settings: &Settings,
    engines: Arc<Engines>,
    telemetry: Arc<Telemetry>,
) -> Router {
    let proxies = Arc::new(TrustedProxies::from(settings.trusted_proxies.clone()));
    bounded(settings, &telemetry)
        .merge(unbounded())
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(engines)
        .layer(compression())
        .layer(from_fn_with_state(proxies, caller::introduce))
        .layer(from_fn_with_state(telemetry, telemetry::observe))
        .layer(protection::cors(&settings.cors))
        .layer(map_response(protection::add_headers))
}

/// What costs time or answers to a token: so many requests at a time, and of each caller.
fn bounded(settings: &Settings, telemetry: &Telemetry) -> Router<Arc<Engines>> {
    let bounds = Arc::new(Bounds::new(settings));
    let ops_token = OpsToken(settings.ops_token.clone().map(Arc::new));
    let counted = Extension(Arc::clone(&telemetry.metrics));
    let mut bounded = Router::new();
    if settings.compat {
        bounded = bounded.route("/dog", post(compat::dog));
    }
    bounded
        .route("/api/v1/similar-dog", post(similar_dog::similar_dog))
        .route("/api/v1/describe", post(describe::describe))
        .route("/api/v1/dogs/{dog_id}", get(dogs::dog))
        .route("/api/v1/dogs/{dog_id}/photo", get(dogs::photo))
        .route("/api/v1/temperament", get(temperament::temperament))
        .route("/api/v1/attributes/{key}", get(temperament::attribute))
        .layer(DefaultBodyLimit::max(MAX_FORM))
        // Each of its lines has a limit.
        .route("/api/v1/similar-dog/batch", post(batch::batch))
        .route("/api/v1/ops/status", get(ops::status))
        .route("/metrics", get(health::metrics).layer(counted))
        .layer(Extension(ops_token))
        .layer(from_fn_with_state(bounds, protection::bound))
}

/// What always answers: health, and what the binary holds.
fn unbounded() -> Router<Arc<Engines>> {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/openapi.json", get(docs::document))
        .route("/docs", get(docs::front))
        .route("/docs/", get(docs::index))
        .route("/docs/{*path}", get(docs::file))
        .fallback(page::file)
}

/// Compresses what is text. A stream of lines goes on as it comes.
fn compression() -> CompressionLayer<impl Predicate> {
    let predicate =
        DefaultPredicate::new().and(NotForContentType::const_new("application/x-ndjson"));
    CompressionLayer::new().quality(COMPRESSION).compress_when(predicate)
}

async fn method_not_allowed() -> Problem {
    Problem::new(Reason::MethodNotAllowed, "this path does not take this method")
}
