//! `mungpy.v1.OperationsService`.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use mungpy_core::reason::Reason;
use mungpy_proto::v1::{
    AnsweredDog, GetStatusRequest, ServerStatus, operations_service_server::OperationsService,
};
use mungpy_telemetry::EngineMetrics;
use tonic::{Request, Response, Status};

use super::WorkerPool;
use crate::messages;

/// The method whose answers are timed for the operator.
const MATCH: &str = "/mungpy.v1.MatchService/Match";
/// Dogs that are named as answered most often.
const MOST_ANSWERED: usize = 10;

/// Tells an operator how the server does.
pub(super) struct OperationsHandler {
    started_at: DateTime<Utc>,
    workers: Arc<WorkerPool>,
    metrics: Arc<EngineMetrics>,
}

impl OperationsHandler {
    pub(super) fn new(workers: Arc<WorkerPool>, metrics: Arc<EngineMetrics>) -> Self {
        Self { started_at: Utc::now(), workers, metrics }
    }
}

#[tonic::async_trait]
impl OperationsService for OperationsHandler {
    async fn get_status(
        &self,
        _: Request<GetStatusRequest>,
    ) -> Result<Response<ServerStatus>, Status> {
        let (busy, waiting) = self.workers.load();
        let recent = self.metrics.recent_calls(&self.metrics.method(MATCH));
        let ms = |pick: fn(&mungpy_telemetry::Quantiles) -> std::time::Duration| {
            recent.as_ref().map_or(0.0, |recent| pick(recent).as_secs_f64() * 1e3)
        };
        let refused = Reason::ALL.iter().map(|reason| (reason, self.metrics.refusals(*reason)));
        let refused = refused.filter(|(_, count)| *count > 0);
        let dogs = self.metrics.most_answered(MOST_ANSWERED).into_iter();
        Ok(Response::new(ServerStatus {
            started_at: messages::of_time(self.started_at),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            workers: self.workers.size() as u32,
            busy_workers: busy as u32,
            waiting: waiting as u32,
            answered: self.metrics.answers(),
            refused: refused.map(|(reason, count)| (reason.code().to_owned(), count)).collect(),
            p50_ms: ms(|recent| recent.p50),
            p99_ms: ms(|recent| recent.p99),
            most_answered: dogs
                .map(|dog| AnsweredDog { dog_id: dog.dog.to_string(), answers: dog.answers })
                .collect(),
            answers_of_day: self.metrics.answers_of_day(),
        }))
    }
}
