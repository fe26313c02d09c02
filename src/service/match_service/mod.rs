//! `mungpy.v1.MatchService`.

mod answer;
mod batch;
mod describe;
mod wait;

use std::{sync::Arc, time::Instant};

use mungpy_core::reason::Reason;
use mungpy_proto::v1::{
    BatchMatchRequest, DescribeRequest, DescribeResponse, MatchRequest, MatchResponse,
    match_service_server::MatchService,
};
use mungpy_telemetry::EngineMetrics;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, Streaming};

use super::{
    LiveCatalogue, PublicSums, WorkerPool,
    errand::{self, Errand, in_time},
    queue::Job,
    status::{self, overloaded},
    worker_pool::Undone,
};
use crate::matching::Matcher;
use batch::Answers;

/// Calls of `BatchMatch` at a time. Callers decide how long they last, and each holds memory.
const BATCHES: usize = 8;

/// Answers match requests, as many at a time as there are workers.
#[derive(Clone)]
pub(super) struct MatchHandler {
    matcher: Arc<Matcher>,
    workers: Arc<WorkerPool>,
    catalogue: Arc<LiveCatalogue>,
    public: Option<Arc<PublicSums>>,
    metrics: Arc<EngineMetrics>,
    batches: Arc<Semaphore>,
}

impl MatchHandler {
    pub(super) fn new(
        matcher: Arc<Matcher>,
        workers: Arc<WorkerPool>,
        catalogue: Arc<LiveCatalogue>,
        public: Option<PublicSums>,
        metrics: Arc<EngineMetrics>,
    ) -> Self {
        let (public, batches) = (public.map(Arc::new), Arc::new(Semaphore::new(BATCHES)));
        Self { matcher, workers, catalogue, public, metrics, batches }
    }

    /// Counts the refusal of an item that is no call of its own.
    fn count_refusal(&self, refused: &Status) {
        if let Some(reason) = status::reason_of(refused) {
            self.metrics.refused(reason);
        }
    }
}

/// The answer to a request whose work was not done.
fn refusal(job: Job, undone: Undone) -> Status {
    let overload = match undone {
        Undone::Overload(overload) => overload,
        Undone::Late => return errand::late(),
        Undone::Panicked => {
            return status::status(Reason::Internal, "the work on the request failed unexpectedly");
        }
    };
    let seconds = |time: std::time::Duration| format!("{:.1} s", time.as_secs_f64());
    let (wait, retry) = (seconds(overload.wait), seconds(overload.retry));
    let allowed = job.deadline.map_or_else(
        || "the server lets no request wait so long".to_owned(),
        |deadline| {
            let left = deadline.saturating_duration_since(job.arrival);
            format!("the caller allows {}", seconds(left))
        },
    );
    let message =
        format!("all workers are busy for {wait} or longer and {allowed}; try again in {retry}");
    overloaded(overload.retry, message)
}

/// Says in the log what came of a request, and nothing of the person or of the dog.
fn tell(arrival: Instant, answer: &Result<MatchResponse, Status>) {
    let millis = arrival.elapsed().as_millis() as u64;
    match answer {
        Ok(response) => tracing::info!(millis, photos = response.photos.len(), "matched"),
        Err(status) => {
            // The message may hold measurements and answers.
            let reason = status::reason_of(status).map_or("", Reason::code);
            tracing::info!(millis, code = ?status.code(), reason, "refused");
        }
    }
}

#[tonic::async_trait]
impl MatchService for MatchHandler {
    type BatchMatchStream = Answers;

    async fn r#match(
        &self,
        request: Request<MatchRequest>,
    ) -> Result<Response<MatchResponse>, Status> {
        let errand = Errand::of(&request);
        let (arrival, deadline) = (errand.arrival, errand.deadline);
        let language = errand::language(&request.get_ref().language, request.metadata().as_ref());
        let answer = in_time(deadline, self.answer(errand, request.into_inner())).await;
        tell(arrival, &answer);
        answer.map(Response::new).map_err(|status| status::for_people(status, language))
    }

    async fn batch_match(
        &self,
        request: Request<Streaming<BatchMatchRequest>>,
    ) -> Result<Response<Answers>, Status> {
        Ok(Response::new(self.answer_many(request)?))
    }

    async fn describe(
        &self,
        request: Request<DescribeRequest>,
    ) -> Result<Response<DescribeResponse>, Status> {
        let errand = Errand::of(&request);
        let deadline = errand.deadline;
        let language = errand::language(&request.get_ref().language, request.metadata().as_ref());
        let described = in_time(deadline, self.portray(errand, request.into_inner(), language));
        let described: Result<_, Status> = described.await;
        described.map(Response::new).map_err(|status| status::for_people(status, language))
    }
}
