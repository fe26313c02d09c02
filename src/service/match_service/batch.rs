//! Answers many match requests in one call, in their order.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{Stream, StreamExt};
use mungpy_core::{reason::Reason, resemblance::Language};
use mungpy_proto::{
    limits::MAX_IMAGE_ID_BYTES,
    v1::{
        BatchMatchRequest, BatchMatchResponse, MatchRequest, MatchResponse,
        batch_match_response::Result as Outcome,
    },
};
use mungpy_telemetry::RequestId;
use mungpy_transport::{Charge, Pace};
use tokio::time::sleep;
use tonic::{Request, Status, Streaming};
use tonic_types::StatusExt;

use super::{MatchHandler, answer::cost, errand, in_time, refusal};
use crate::{
    matching::Snapshot,
    service::{
        errand::Errand,
        queue::{Job, Overload},
        status,
        worker_pool::Undone,
    },
};

/// The answers of a call.
pub(in crate::service) type Answers =
    Pin<Box<dyn Stream<Item = Result<BatchMatchResponse, Status>> + Send>>;

/// Items of one call that are under way for each worker: one is measured, one waits.
const AHEAD: usize = 2;

/// The longest pause before an item asks for a worker again.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// What the items of a call share.
struct Call {
    handler: MatchHandler,
    snapshot: Arc<Snapshot>,
    deadline: Option<Instant>,
    paid: Paid,
    /// Of the items that name none.
    language: Language,
    id: RequestId,
    /// The timer of the body stands still while items are under way: the caller may wait for them.
    pace: Option<Pace>,
}

/// What a call was charged for its items.
struct Paid {
    charge: Option<Charge>,
    /// Bytes of the charge that belong to items under way.
    owed: AtomicUsize,
}

impl Paid {
    /// Bytes that were charged since the item before: those of the item that has just come.
    fn take(&self) -> usize {
        let Some(charge) = &self.charge else { return 0 };
        let bytes = charge.bytes().saturating_sub(self.owed.load(Ordering::Relaxed));
        self.owed.fetch_add(bytes, Ordering::Relaxed);
        bytes
    }

    /// Gives back what an item was charged.
    fn give_back(&self, bytes: usize) {
        if let Some(charge) = &self.charge {
            charge.give_back(bytes);
            self.owed.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

impl MatchHandler {
    /// Reads no faster than it answers, and answers no faster than the caller takes the answers.
    pub(super) fn answer_many(
        &self,
        request: Request<Streaming<BatchMatchRequest>>,
    ) -> Result<Answers, Status> {
        let busy = |_| status::busy("too many calls of BatchMatch are open; try again");
        let permit = Arc::clone(&self.batches).try_acquire_owned().map_err(busy)?;
        let Errand { deadline, charge, .. } = Errand::of(&request);
        let language = errand::language("", request.metadata().as_ref());
        let snapshot = self.snapshot()?;
        let id = request.extensions().get().cloned().unwrap_or_else(RequestId::make);
        let paid = Paid { charge, owed: AtomicUsize::new(0) };
        let handler = self.clone();
        let pace = request.extensions().get().cloned();
        let call = Arc::new(Call { handler, snapshot, deadline, paid, language, id, pace });
        let answers = request.into_inner().map(move |item| {
            let _ = &permit;
            let call = Arc::clone(&call);
            let charged = call.paid.take();
            let work = call.pace.as_ref().map(Pace::working);
            async move {
                let _work = work;
                let item = item.map_err(|broken| call.broken(broken))?;
                Ok(call.answer(item, charged).await)
            }
        });
        Ok(Box::pin(answers.buffered(AHEAD * self.workers.size())))
    }
}

impl Call {
    /// Why no more items can be read.
    fn broken(&self, own: Status) -> Status {
        let is_explained = own.get_error_details().error_info().is_some();
        let explained = if is_explained { own } else { status::explained(&own) };
        self.handler.count_refusal(&explained);
        status::of_request(&status::for_people(explained, self.language), &self.id)
    }

    async fn answer(&self, item: BatchMatchRequest, charged: usize) -> BatchMatchResponse {
        let BatchMatchRequest { mut id, request, newest_catalogue } = item;
        let request = request.unwrap_or_default();
        let language = match &request.language[..] {
            "" => self.language,
            tag => Language::from_tag(tag),
        };
        let answer = if id.len() > MAX_IMAGE_ID_BYTES {
            let bytes = std::mem::take(&mut id).len();
            let message = format!(
                "id has {bytes} bytes, more than the limit of {MAX_IMAGE_ID_BYTES}; send a shorter one"
            );
            Err(status::of_field(Reason::ImageIdTooLong, "id", message))
        } else {
            in_time(self.deadline, self.answer_one(request, newest_catalogue)).await
        };
        self.paid.give_back(charged);
        let outcome = match answer {
            Ok(response) => Outcome::Response(response),
            Err(refused) => {
                self.handler.count_refusal(&refused);
                let told = status::for_people(refused, language);
                Outcome::Status(status::message(&status::of_request(&told, &self.id)))
            }
        };
        BatchMatchResponse { id, result: Some(outcome) }
    }

    /// Answers one item. It waits for a worker as long as the call lasts, because its caller reads
    /// the answers one after the other anyway.
    async fn answer_one(
        &self,
        request: MatchRequest,
        newest_catalogue: bool,
    ) -> Result<MatchResponse, Status> {
        let handler = &self.handler;
        let snapshot =
            if newest_catalogue { handler.snapshot()? } else { Arc::clone(&self.snapshot) };
        let question = Arc::new(handler.matcher.question(&snapshot, request)?);
        let (arrival, photos) = (Instant::now(), cost(&question));
        loop {
            let job = Job { photos, arrival: Instant::now(), deadline: self.deadline };
            let work = handler.work(arrival, Arc::clone(&snapshot), Arc::clone(&question), None);
            match handler.workers.run(job, work).await {
                // The item holds no place before others, but it still waits.
                Err(Undone::Overload(Overload { retry, .. })) => {
                    let _queued = handler.metrics.queued();
                    sleep(retry.min(LONGEST_PAUSE)).await;
                }
                done => return handler.conclude(done.map_err(|undone| refusal(job, undone))?),
            }
        }
    }
}
