//! Answers one match request.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mungpy_core::reason::Reason;
use mungpy_proto::v1::{MatchRequest, MatchResponse};
use mungpy_telemetry::Stage;
use mungpy_transport::Charge;
use tokio::task::JoinError;
use tonic::Status;
use tracing::Span;

use super::{Caller, MatchHandler, refusal};
use crate::{
    extract::StageTimes,
    matching::{MatchAnswer, MatchError, Question, Snapshot},
    messages,
    service::{errand::Errand, queue::Job, status::status, worker_pool::Worker},
};

impl MatchHandler {
    /// Answers a request from the current catalogue.
    pub(super) async fn answer(
        &self,
        errand: Errand,
        request: MatchRequest,
    ) -> Result<MatchResponse, Status> {
        let snapshot = self.snapshot()?;
        let question = self.matcher.question(&snapshot, request)?;
        let Errand { deadline, charge, .. } = errand;
        // The time of the upload is no waiting.
        let job = Job { photos: cost(&question), arrival: Instant::now(), deadline };
        let queued = self.metrics.queued();
        let acquired = self.workers.acquire(job).await;
        drop(queued);
        let worker = acquired.map_err(|overload| refusal(job, overload))?;
        self.measure(worker, job.arrival, snapshot, question, charge).await
    }

    /// The current catalogue.
    pub(super) fn snapshot(&self) -> Result<Arc<Snapshot>, Status> {
        self.catalogue.current().ok_or_else(|| {
            let message = "no catalogue is loaded yet; run mungpy batch on this data directory";
            status(Reason::CatalogueNotPublished, message)
        })
    }

    /// Measures on a thread for blocking work. That owns the worker and the charge, because a
    /// caller who hangs up does not free what is still in use.
    pub(super) async fn measure(
        &self,
        mut worker: Worker,
        arrival: Instant,
        snapshot: Arc<Snapshot>,
        question: Question,
        charge: Option<Charge>,
    ) -> Result<MatchResponse, Status> {
        let matcher = Arc::clone(&self.matcher);
        let caller = Caller::new();
        let waits = caller.waits();
        let queued = arrival.elapsed();
        self.metrics.stage_ended(Stage::Queue, queued);
        self.metrics.admitted();
        let (busy, span) = (self.metrics.busy(), Span::current());
        let work = move || {
            let (_busy, _in_request) = (busy, span.entered());
            let (photos, begun) = (question.photos(), Instant::now());
            let answer = matcher.answer(&mut worker, &snapshot, &question, || waits.still());
            drop(charge);
            let stages = match &answer {
                Ok(answer) => answer.stages,
                Err(_) => worker.take_times(),
            };
            if photos > 0 && !matches!(answer, Err(MatchError::CallerGone)) {
                worker.took(photos, begun);
            }
            (answer, stages)
        };
        let answer = tokio::task::spawn_blocking(work).await;
        drop(caller);
        self.conclude(answer, queued)
    }

    /// Counts an answer, and makes the response of it.
    fn conclude(
        &self,
        answered: Result<(Result<MatchAnswer, MatchError>, StageTimes), JoinError>,
        queued: Duration,
    ) -> Result<MatchResponse, Status> {
        let failed = |_| status(Reason::Internal, "the match failed unexpectedly");
        let (answer, stages) = answered.map_err(failed)?;
        self.count_stages(&stages);
        let MatchAnswer { mut response, person, search, .. } = answer?;
        if !response.timings.is_empty() {
            response.timings.insert(0, messages::of_timing("queue", queued));
        }
        self.metrics.stage_ended(Stage::Search, search);
        self.metrics.dog_answered(&response.dog_id);
        if person.is_estimated
            && let Some(public) = self.public.as_ref()
        {
            public.add(&person.measurement);
        }
        Ok(response)
    }

    /// Counts the stages that ran.
    pub(super) fn count_stages(&self, stages: &StageTimes) {
        let StageTimes { decode, detect, landmarks, describe } = *stages;
        for (stage, took) in [
            (Stage::Decode, decode),
            (Stage::Detect, detect),
            (Stage::Landmarks, landmarks),
            (Stage::Describe, describe),
        ] {
            if !took.is_zero() {
                self.metrics.stage_ended(stage, took);
            }
        }
    }
}

/// Photos that a question costs a worker; one without any costs as little as can be counted.
pub(super) fn cost(question: &Question) -> usize {
    question.photos().max(1)
}
