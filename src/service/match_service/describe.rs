//! Tells what a photo shows, before a match is tried.

use std::{sync::Arc, time::Instant};

use mungpy_core::{
    reason::{Reason, WithReason},
    resemblance::Language,
};
use mungpy_proto::{
    limits::MAX_LANGUAGE_BYTES,
    v1::{DescribeRequest, DescribeResponse},
};
use mungpy_telemetry::Stage;
use tonic::Status;
use tracing::Span;

use super::{Caller, MatchHandler, refusal};
use crate::{
    extract::{Demand, ExtractError, FaceChoice},
    service::{
        errand::Errand,
        queue::Job,
        status::{of_field, status},
    },
};

impl MatchHandler {
    /// Describes every face in a photo.
    pub(super) async fn portray(
        &self,
        errand: Errand,
        request: DescribeRequest,
        language: Language,
    ) -> Result<DescribeResponse, Status> {
        check(&request)?;
        let Errand { deadline, charge, .. } = errand;
        let job = Job { photos: 1, arrival: Instant::now(), deadline };
        let queued = self.metrics.queued();
        let acquired = self.workers.acquire(job).await;
        drop(queued);
        let mut worker = acquired.map_err(|overload| refusal(job, overload))?;
        self.metrics.stage_ended(Stage::Queue, job.arrival.elapsed());
        let matcher = Arc::clone(&self.matcher);
        let caller = Caller::new();
        let waits = caller.waits();
        self.metrics.admitted();
        let (busy, span) = (self.metrics.busy(), Span::current());
        let work = move || {
            let (_busy, _in_request) = (busy, span.entered());
            let wanted = || waits.still();
            let demand = Demand { choice: FaceChoice::Largest, wanted: &wanted };
            let portrait = worker.portray(&request.photo, &demand);
            drop((request, charge));
            let described = portrait.map(|portrait| matcher.describe(&portrait, language));
            (described, worker.take_times())
        };
        let described = tokio::task::spawn_blocking(work).await;
        drop(caller);
        let failed = |_| status(Reason::Internal, "the description failed unexpectedly");
        let (described, stages) = described.map_err(failed)?;
        self.count_stages(&stages);
        described.map_err(of_photo)
    }
}

fn check(request: &DescribeRequest) -> Result<(), Status> {
    let bytes = request.language.len();
    if bytes > MAX_LANGUAGE_BYTES {
        let message = format!(
            "language has {bytes} bytes, more than the limit of {MAX_LANGUAGE_BYTES}; \
             send a tag like ko-KR"
        );
        return Err(of_field(Reason::LanguageTooLong, "language", message));
    }
    if request.photo.is_empty() {
        return Err(of_field(Reason::NoPhoto, "photo", "the request has no photo; send one"));
    }
    Ok(())
}

fn of_photo(error: ExtractError) -> Status {
    if error.is_fault_of_photo() {
        of_field(error.reason(), "photo", error)
    } else {
        status(error.reason(), error)
    }
}
