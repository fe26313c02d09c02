//! `mungpy.v1.MatchService`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;
use tonic::{Code, Request, Response, Status};

use super::{Shelf, status::status};
use crate::{
    matching::Matcher,
    proto::v1::{MatchRequest, MatchResponse, match_service_server::MatchService},
};

/// How long a request may wait for an idle worker before it is turned away.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers match requests, as many at a time as there are extractors.
pub(super) struct Matching {
    matcher: Arc<Matcher>,
    shelf: Arc<Shelf>,
    workers: Arc<Semaphore>,
}

impl Matching {
    pub(super) fn new(matcher: Arc<Matcher>, shelf: Arc<Shelf>) -> Self {
        let workers = Arc::new(Semaphore::new(matcher.parallelism()));
        Self { matcher, shelf, workers }
    }

    async fn answer(&self, request: MatchRequest) -> Result<MatchResponse, Status> {
        let snapshot = self.shelf.current().ok_or_else(|| {
            let message = "no catalogue is loaded yet; run mungpy batch on this data directory";
            status(Code::Unavailable, "CATALOGUE_NOT_PUBLISHED", message)
        })?;
        let waiting = Arc::clone(&self.workers).acquire_owned();
        let permit = tokio::time::timeout(PATIENCE, waiting)
            .await
            .map_err(|_| {
                let message =
                    format!("all workers were busy for {} s; try again", PATIENCE.as_secs());
                status(Code::ResourceExhausted, "OVERLOADED", &message)
            })?
            .map_err(|_| status(Code::Unavailable, "STOPPING", "the server is stopping"))?;
        let matcher = Arc::clone(&self.matcher);
        // The permit moves along: a caller that hangs up does not free a worker
        // that is still at work.
        let work = move || {
            let answered = matcher.answer(&snapshot, &request);
            drop(permit);
            answered
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(answered) => Ok(answered?.response),
            Err(_) => Err(status(Code::Internal, "INTERNAL", "the match failed unexpectedly")),
        }
    }
}

#[tonic::async_trait]
impl MatchService for Matching {
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
