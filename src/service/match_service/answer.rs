//! Answers one match request.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mungpy_core::reason::Reason;
use mungpy_proto::v1::{MatchRequest, MatchResponse};
use mungpy_telemetry::Stage;
use mungpy_transport::Charge;
use tonic::Status;

use super::{MatchHandler, refusal, wait::Wait};
use crate::{
    extract::{Extractor, StageTimes},
    matching::{MatchAnswer, MatchError, Question, Snapshot},
    messages,
    service::{errand::Errand, queue::Job, status::status},
};

/// What a worker made of a question.
pub(super) struct Measured {
    answer: Result<MatchAnswer, MatchError>,
    stages: StageTimes,
    queued: Duration,
}

impl MatchHandler {
    /// Answers a request from the current catalogue.
    pub(super) async fn answer(
        &self,
        errand: Errand,
        request: MatchRequest,
    ) -> Result<MatchResponse, Status> {
        let snapshot = self.snapshot()?;
        let question = Arc::new(self.matcher.question(&snapshot, request)?);
        let Errand { deadline, charge, .. } = errand;
        // The time of the upload is no waiting.
        let job = Job { photos: cost(&question), arrival: Instant::now(), deadline };
        let work = self.work(job.arrival, snapshot, question, charge);
        let measured = self.workers.run(job, work).await;
        self.conclude(measured.map_err(|undone| refusal(job, undone))?)
    }

    /// The current catalogue.
    pub(super) fn snapshot(&self) -> Result<Arc<Snapshot>, Status> {
        self.catalogue.current().ok_or_else(|| {
            let message = "no catalogue is loaded yet; run mungpy batch on this data directory";
            status(Reason::CatalogueNotPublished, message)
        })
    }

    /// What a worker does for a question that came at `arrival`. It owns the charge, because a
    /// caller who hangs up does not free what is still in use. An item of `BatchMatch` keeps its
    /// photos until it is answered, and is charged for them so long.
    pub(super) fn work(
        &self,
        arrival: Instant,
        snapshot: Arc<Snapshot>,
        question: Arc<Question>,
        charge: Option<Charge>,
    ) -> impl FnOnce(&mut Extractor, &dyn Fn() -> bool) -> Measured + Send + use<> {
        let (matcher, workers) = (Arc::clone(&self.matcher), Arc::clone(&self.workers));
        let wait = Wait::begin(&self.metrics, arrival);
        move |extractor, wanted| {
            let (queued, _at_work) = wait.end();
            let (photos, begun) = (question.photos(), Instant::now());
            let answer = matcher.answer(extractor, &snapshot, &question, wanted);
            drop((question, charge));
            let stages = match &answer {
                Ok(answer) => answer.stages,
                Err(_) => extractor.take_times(),
            };
            if photos > 0 && !matches!(answer, Err(MatchError::CallerGone)) {
                workers.learn(photos, begun.elapsed());
            }
            Measured { answer, stages, queued }
        }
    }

    /// Counts an answer, and makes the response of it.
    pub(super) fn conclude(&self, measured: Measured) -> Result<MatchResponse, Status> {
        let Measured { answer, stages, queued } = measured;
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
