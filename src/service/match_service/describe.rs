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
use tonic::Status;

use super::{MatchHandler, refusal, wait::Wait};
use crate::{
    extract::{Demand, ExtractError, Extractor, FaceChoice},
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
        let wait = Wait::begin(&self.metrics, job.arrival);
        let matcher = Arc::clone(&self.matcher);
        let work = move |extractor: &mut Extractor, wanted: &dyn Fn() -> bool| {
            let (_, _at_work) = wait.end();
            let demand = Demand { choice: FaceChoice::Largest, wanted };
            let portrait = extractor.portray(&request.photo, &demand);
            drop((request, charge));
            let described = portrait.map(|portrait| matcher.describe(&portrait, language));
            (described, extractor.take_times())
        };
        let described = self.workers.run(job, work).await;
        let (described, stages) = described.map_err(|undone| refusal(job, undone))?;
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
