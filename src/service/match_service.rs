//! `mungpy.v1.MatchService`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mungpy_core::reason::Reason;
use mungpy_proto::v1::{MatchRequest, MatchResponse, match_service_server::MatchService};
use tonic::{Request, Response, Status};

use super::{LiveCatalogue, PublicSums, WorkerPool, status::status};
use crate::matching::{MatchError, Matcher};

/// How long a request may wait for an idle worker before it is refused.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers match requests, as many at a time as there are workers.
pub(super) struct MatchHandler {
    pub(super) matcher: Arc<Matcher>,
    pub(super) workers: Arc<WorkerPool>,
    pub(super) catalogue: Arc<LiveCatalogue>,
    pub(super) public: Option<Arc<PublicSums>>,
}

impl MatchHandler {
    async fn answer(&self, request: MatchRequest) -> Result<MatchResponse, Status> {
        let snapshot = self.catalogue.current().ok_or_else(|| {
            let message = "no catalogue is loaded yet; run mungpy batch on this data directory";
            status(Reason::CatalogueNotPublished, message)
        })?;
        let idle = tokio::time::timeout(PATIENCE, self.workers.acquire()).await;
        let mut worker = idle.map_err(|_| {
            let seconds = PATIENCE.as_secs();
            let message = format!("all workers were busy for {seconds} s; try again");
            status(Reason::Overloaded, message)
        })?;
        let matcher = Arc::clone(&self.matcher);
        // The closure owns the worker, so a caller that hangs up does not free a worker that is
        // still busy.
        let public = self.public.clone();
        let work = move || {
            let answer = matcher.answer(&mut worker, &snapshot, &request)?;
            if let Some(public) = public {
                public.add(&answer.person);
            }
            Ok::<_, MatchError>(answer)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(answer) => Ok(answer?.response),
            Err(_) => Err(status(Reason::Internal, "the match failed unexpectedly")),
        }
    }
}

#[tonic::async_trait]
impl MatchService for MatchHandler {
    async fn r#match(
        &self,
        request: Request<MatchRequest>,
    ) -> Result<Response<MatchResponse>, Status> {
        let begun = Instant::now();
        let answer = self.answer(request.into_inner()).await;
        let millis = begun.elapsed().as_millis() as u64;
        match &answer {
            Ok(response) => {
                let (dog_id, score) = (&response.dog_id, response.score);
                tracing::info!(millis, %dog_id, score, candidates = response.candidates, "matched");
            }
            Err(status) => {
                tracing::info!(millis, code = ?status.code(), "refused: {}", status.message());
            }
        }
        answer.map(Response::new)
    }
}
