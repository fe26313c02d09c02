//! `GET /api/v1/ops/status`: what an operator looks at.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Extension, Json, extract::State};
use mungpy_core::reason::Reason;
use mungpy_proto::v1::{self, GetCatalogueRequest, GetStatusRequest, ListBatchesRequest};
use mungpy_transport::Secret;
use serde::Serialize;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use crate::{
    caller::Caller,
    problem::Problem,
    upstream::{EngineState, Engines},
};

/// Number of batches that are shown.
const BATCHES: u32 = 20;

/// The token of operators, if there is one.
#[derive(Clone)]
pub(crate) struct OpsToken(pub(crate) Option<Arc<Secret>>);

impl OpsToken {
    /// Refuses a caller who does not show the token.
    pub(crate) fn check(&self, caller: &Caller) -> Result<(), Problem> {
        let Some(token) = &self.0 else {
            let detail = "the operators' page is off; start the gateway with --ops-token";
            return Err(Problem::new(Reason::NotFound, detail));
        };
        match caller.bearer() {
            None => Err(Problem::new(
                Reason::TokenMissing,
                "the operators' page needs a token; send `authorization: Bearer` with it",
            )),
            Some(shown) if bool::from(token.expose().as_bytes().ct_eq(shown.as_bytes())) => Ok(()),
            Some(_) => Err(Problem::new(
                Reason::TokenRefused,
                "this is not the operators' token; send the one of --ops-token",
            )),
        }
    }
}

/// How the service does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpsStatus {
    /// The engines behind this gateway.
    engines: Vec<EngineState>,
    /// One of the engines; absent if it cannot be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<Server>,
    /// The catalogue that it searches.
    #[serde(skip_serializing_if = "Option::is_none")]
    catalogue: Option<Catalogue>,
    /// The last batches, the newest first.
    batches: Vec<Batch>,
}

/// How an engine does.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Server {
    started_at: String,
    version: String,
    workers: u32,
    busy_workers: u32,
    /// Requests that wait for a worker.
    waiting: u32,
    /// Requests that were answered since the start.
    answered: u64,
    /// Requests that were refused since the start, by reason.
    refused: BTreeMap<String, u64>,
    /// Milliseconds that half of the last answers took at most.
    p50_ms: f64,
    /// Milliseconds that 99 of 100 of the last answers took at most.
    p99_ms: f64,
    /// The dogs that were answered most often in the last 24 hours.
    most_answered: Vec<AnsweredDog>,
    /// Answers in the last 24 hours.
    answers_of_day: u64,
}

/// How often a dog was answered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AnsweredDog {
    dog_id: String,
    answers: u64,
}

/// The catalogue that is searched.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Catalogue {
    version: u64,
    published_at: String,
    dogs: u64,
    model_version: String,
}

/// A batch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Batch {
    started_at: String,
    ended_at: String,
    trigger: String,
    /// `RUNNING`, `PUBLISHED`, `UNCHANGED`, `FAILED`, `CANCELLED` or `INTERRUPTED`.
    state: String,
    reason: String,
    message: String,
    done: u64,
    listed: u64,
    catalogue_version: u64,
    dogs: u64,
    enrolled: u64,
    updated: u64,
    unchanged: u64,
    removed: u64,
    refusals: BTreeMap<String, u64>,
}

/// Tells an operator how the service does.
#[utoipa::path(get, path = "/api/v1/ops/status", tag = "operations", security(("opsToken" = [])),
    responses(
        (status = 200, description = "How the service does", body = OpsStatus),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn status(
    State(engines): State<Arc<Engines>>,
    Extension(token): Extension<OpsToken>,
    caller: Caller,
) -> Result<Json<OpsStatus>, Problem> {
    token.check(&caller)?;
    // The operator's token is the gateway's own and says nothing to an engine.
    let caller = caller.without_token();
    let batches = ListBatchesRequest { page_size: BATCHES, ..ListBatchesRequest::default() };
    let (server, catalogue, batches) = tokio::join!(
        engines.status(&caller, GetStatusRequest {}),
        engines.catalogue(&caller, GetCatalogueRequest {}),
        engines.batches(&caller, batches),
    );
    Ok(Json(OpsStatus {
        engines: engines.states(),
        server: server.ok().map(Into::into),
        catalogue: catalogue.ok().map(Into::into),
        batches: batches
            .map(|found| found.batches.into_iter().map(Into::into).collect())
            .unwrap_or_default(),
    }))
}

impl From<v1::ServerStatus> for Server {
    fn from(status: v1::ServerStatus) -> Self {
        let dog = |v1::AnsweredDog { dog_id, answers }| AnsweredDog { dog_id, answers };
        Self {
            started_at: status.started_at,
            version: status.version,
            workers: status.workers,
            busy_workers: status.busy_workers,
            waiting: status.waiting,
            answered: status.answered,
            refused: status.refused,
            p50_ms: status.p50_ms,
            p99_ms: status.p99_ms,
            most_answered: status.most_answered.into_iter().map(dog).collect(),
            answers_of_day: status.answers_of_day,
        }
    }
}

impl From<v1::Catalogue> for Catalogue {
    fn from(catalogue: v1::Catalogue) -> Self {
        let v1::Catalogue { version, published_at, dogs, model_version } = catalogue;
        Self { version, published_at, dogs, model_version }
    }
}

impl From<v1::Batch> for Batch {
    fn from(batch: v1::Batch) -> Self {
        let state = batch.state().as_str_name().trim_start_matches("BATCH_STATE_").to_owned();
        Self {
            started_at: batch.started_at,
            ended_at: batch.ended_at,
            trigger: batch.trigger,
            state,
            reason: batch.reason,
            message: batch.message,
            done: batch.done,
            listed: batch.listed,
            catalogue_version: batch.catalogue_version,
            dogs: batch.dogs,
            enrolled: batch.enrolled,
            updated: batch.updated,
            unchanged: batch.unchanged,
            removed: batch.removed,
            refusals: batch.refusals,
        }
    }
}
