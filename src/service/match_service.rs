//! `mungpy.v1.MatchService`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mungpy_core::{reason::Reason, text::excerpt};
use mungpy_proto::v1::{MatchRequest, MatchResponse, match_service_server::MatchService};
use mungpy_transport::Charge;
use tokio::time::{sleep_until, timeout_at};
use tonic::{Request, Response, Status};

use super::{
    LiveCatalogue, PublicSums, WorkerPool,
    errand::Errand,
    queue::{Job, Overload},
    status::{overloaded, status},
    worker_pool::Worker,
};
use crate::matching::{MatchError, Matcher, Question, Snapshot};

/// The shortest time after which a request is refused for want of a worker.
const HOLD: Duration = Duration::from_millis(100);

/// Answers match requests, as many at a time as there are workers.
pub(super) struct MatchHandler {
    pub(super) matcher: Arc<Matcher>,
    pub(super) workers: Arc<WorkerPool>,
    pub(super) catalogue: Arc<LiveCatalogue>,
    pub(super) public: Option<Arc<PublicSums>>,
}

impl MatchHandler {
    async fn answer(&self, errand: Errand, request: MatchRequest) -> Result<MatchResponse, Status> {
        let snapshot = self.catalogue.current().ok_or_else(|| {
            let message = "no catalogue is loaded yet; run mungpy batch on this data directory";
            status(Reason::CatalogueNotPublished, message)
        })?;
        let question = self.matcher.question(&snapshot, request)?;
        let Errand { deadline, charge, .. } = errand;
        // The time of the upload is no waiting.
        let job = Job { photos: question.photos(), arrival: Instant::now(), deadline };
        match self.workers.acquire(job).await {
            Ok(worker) => self.measure(worker, snapshot, question, charge).await,
            Err(overload) => {
                drop((question, charge));
                hold_back(job).await;
                Err(refusal(job, overload))
            }
        }
    }

    /// Measures on a thread for blocking work. That owns the worker and the charge, because a
    /// caller who hangs up does not free what is still in use.
    async fn measure(
        &self,
        mut worker: Worker,
        snapshot: Arc<Snapshot>,
        question: Question,
        charge: Option<Charge>,
    ) -> Result<MatchResponse, Status> {
        let (matcher, public) = (Arc::clone(&self.matcher), self.public.clone());
        // Lives as long as somebody waits for this future.
        let waits = Arc::new(());
        let caller = Arc::downgrade(&waits);
        let work = move || {
            let (photos, begun) = (question.photos(), Instant::now());
            let wanted = || caller.strong_count() > 0;
            let answer = matcher.answer(&mut worker, &snapshot, question, wanted);
            drop(charge);
            if !matches!(answer, Err(MatchError::CallerGone)) {
                worker.took(photos, begun);
            }
            let answer = answer?;
            if let Some(public) = public {
                public.add(&answer.person);
            }
            Ok::<_, MatchError>(answer)
        };
        let answer = tokio::task::spawn_blocking(work).await;
        drop(waits);
        match answer {
            Ok(answer) => Ok(answer?.response),
            Err(_) => Err(status(Reason::Internal, "the match failed unexpectedly")),
        }
    }
}

/// Waits a moment before a refusal, unless the caller has waited already: those who ask again at
/// once would otherwise take the processor from those who are being answered.
async fn hold_back(job: Job) {
    let now = Instant::now();
    let longest = job.deadline.map_or(HOLD, |deadline| deadline.saturating_duration_since(now) / 2);
    sleep_until((job.arrival + HOLD).min(now + longest).into()).await;
}

/// The answer to a request for which no worker would be free in time.
fn refusal(job: Job, overload: Overload) -> Status {
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    let (wait, retry) = (seconds(overload.wait), seconds(overload.retry));
    let allowed = job.deadline.map_or_else(
        || "the server lets no request wait so long".to_owned(),
        |deadline| format!("the caller allows {}", seconds(deadline - job.arrival)),
    );
    let message =
        format!("all workers are busy for {wait} or longer and {allowed}; try again in {retry}");
    overloaded(overload.retry, message)
}

#[tonic::async_trait]
impl MatchService for MatchHandler {
    async fn r#match(
        &self,
        request: Request<MatchRequest>,
    ) -> Result<Response<MatchResponse>, Status> {
        let errand = Errand::of(&request);
        let (arrival, deadline) = (errand.arrival, errand.deadline);
        let answering = self.answer(errand, request.into_inner());
        let answer = match deadline {
            Some(deadline) => timeout_at(deadline.into(), answering).await.unwrap_or_else(|_| {
                Err(status(Reason::DeadlinePassed, "the caller's deadline passed; allow more time"))
            }),
            None => answering.await,
        };
        let millis = arrival.elapsed().as_millis() as u64;
        match &answer {
            Ok(response) => {
                let (dog_id, score) = (excerpt(&response.dog_id), response.score);
                tracing::info!(millis, %dog_id, score, candidates = response.candidates, "matched");
            }
            Err(status) => {
                tracing::info!(millis, code = ?status.code(), "refused: {}", status.message());
            }
        }
        answer.map(Response::new)
    }
}
