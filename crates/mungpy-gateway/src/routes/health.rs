//! Whether the gateway lives and can answer.

use std::sync::Arc;

use axum::{Extension, extract::State, http::header, response::IntoResponse};
use mungpy_proto::v1::GetCatalogueRequest;
use mungpy_telemetry::{CONTENT_TYPE, GatewayMetrics};

use super::ops::OpsToken;
use crate::{caller::Caller, problem::Problem, upstream::Engines};

/// Whether the process responds.
#[utoipa::path(get, path = "/healthz", tag = "health",
    responses((status = 200, description = "It lives", body = String, content_type = "text/plain")))]
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// Whether at least one engine responds and has a catalogue.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses(
        (status = 200, description = "It can answer", body = String, content_type = "text/plain"),
        (status = "default", description = "It cannot", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn ready(
    State(engines): State<Arc<Engines>>,
    caller: Caller,
) -> Result<&'static str, Problem> {
    engines.catalogue(&caller, GetCatalogueRequest {}).await?;
    Ok("ok\n")
}

/// The metrics, for a scraper on this machine or with the operators' token. What a proxy passes on
/// needs the token, as the proxy may run on this machine.
pub(crate) async fn metrics(
    Extension(metrics): Extension<Arc<GatewayMetrics>>,
    Extension(token): Extension<OpsToken>,
    caller: Caller,
) -> Result<impl IntoResponse, Problem> {
    let is_near = caller.address.is_some_and(|address| address.to_canonical().is_loopback());
    if caller.is_forwarded || !is_near {
        token.check(&caller)?;
    }
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], metrics.render()))
}
