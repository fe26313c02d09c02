//! The batch: started, watched, cancelled, and its history.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use mungpy_core::reason::{Reason, WithReason};
use mungpy_proto::v1::{
    Batch, BatchState, ListBatchesRequest, ListBatchesResponse, RunBatchRequest,
};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::{Upkeep, page};
use crate::{
    batch::{BatchControl, ControlError, History, Run, RunEnd, RunRequest, WatchedRun},
    catalogue::CatalogueError,
    service::status::status,
};

/// Batches on a page unless another number is asked for, and at most.
const PAGE: (u32, u32) = (20, 100);
/// Shortest time between two messages of a watched batch.
const PAUSE: Duration = Duration::from_millis(500);

impl From<ControlError> for Status {
    fn from(error: ControlError) -> Self {
        status(error.reason(), error)
    }
}

impl From<CatalogueError> for Status {
    fn from(error: CatalogueError) -> Self {
        tracing::warn!(reason = %error.reason(), %error, "the data directory failed a call");
        // The message names files of the server.
        status(error.reason(), error.reason().entry().meaning)
    }
}

/// The batch beside the server.
pub(super) fn control(upkeep: &Upkeep) -> Result<&BatchControl, Status> {
    upkeep.batch.as_ref().ok_or_else(|| {
        let message = "the server runs no batch; start it with --batch, or run mungpy batch";
        status(Reason::BatchOff, message)
    })
}

/// What a caller wants of a run.
pub(super) fn request(request: RunBatchRequest) -> RunRequest {
    let RunBatchRequest { full, force, limit, allow_removals } = request;
    let limit = (limit > 0).then(|| usize::try_from(limit).unwrap_or(usize::MAX));
    RunRequest { full, force, limit, allow_removals }
}

/// Tells each change of a run, as often as the caller reads and at most twice a second. What a slow
/// caller misses is left out, so the batch never waits for one.
pub(super) fn stream(
    mut run: WatchedRun,
    permit: OwnedSemaphorePermit,
) -> ReceiverStream<Result<Batch, Status>> {
    let (send, receive) = mpsc::channel(1);
    tokio::spawn(async move {
        let _permit = permit;
        loop {
            let next = tokio::select! {
                next = run.next() => next,
                () = send.closed() => return,
            };
            let Some(run) = next else {
                let stopping = status(Reason::Stopping, "the server is shutting down");
                let _ = send.send(Err(stopping)).await;
                return;
            };
            let has_ended = run.end.is_some();
            if send.send(Ok(message(&run))).await.is_err() || has_ended {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    });
    ReceiverStream::new(receive)
}

/// A page of the last batches, the newest first. It reads files.
pub(super) fn list(
    upkeep: &Upkeep,
    request: &ListBatchesRequest,
) -> Result<ListBatchesResponse, Status> {
    let size = page::size(request.page_size, PAGE.0, PAGE.1);
    let last = page::last_of(&request.page_token, 0)?;
    let before = last.map(|text| text.parse::<DateTime<Utc>>()).transpose();
    let before = before.map_err(|_| page::PageError::Token)?;
    let mut runs = History::of(&upkeep.data_dir).read()?;
    let current = upkeep.batch.as_ref().and_then(BatchControl::current);
    runs.retain(|run| current.as_ref().is_none_or(|now| now.started_at != run.started_at));
    if runs.iter().any(|run| run.end.is_none()) && !upkeep.data_dir.is_store_open() {
        for killed in runs.iter_mut().filter(|run| run.end.is_none()) {
            killed.end = Some(RunEnd::Interrupted);
        }
    }
    runs.extend(current);
    runs.sort_by_key(|run| run.started_at);
    runs.dedup_by_key(|run| run.started_at);
    let is_older = |run: &&Run| before.is_none_or(|before| run.started_at < before);
    let mut left = runs.iter().rev().filter(is_older);
    let page: Vec<&Run> = left.by_ref().take(size).collect();
    let last = page.last().filter(|_| left.next().is_some());
    let token = |run: &&Run| page::token(&precise(run.started_at), 0);
    let next_page_token = last.map(token).unwrap_or_default();
    Ok(ListBatchesResponse { batches: page.into_iter().map(message).collect(), next_page_token })
}

/// A run as a message.
pub(super) fn message(run: &Run) -> Batch {
    Batch {
        started_at: precise(run.started_at),
        ended_at: run.ended_at.map(precise).unwrap_or_default(),
        trigger: trigger(&run.trigger).to_owned(),
        state: state(run.end).into(),
        reason: run.reason.clone().unwrap_or_default(),
        message: run.message.clone().unwrap_or_default(),
        done: run.done as u64,
        listed: run.listed as u64,
        catalogue_version: run.version,
        dogs: run.dogs as u64,
        enrolled: run.enrolled as u64,
        updated: run.updated as u64,
        unchanged: run.unchanged as u64,
        removed: run.removed as u64,
        refusals: run.refusals.iter().map(|(code, count)| (code.clone(), *count as u64)).collect(),
    }
}

fn state(end: Option<RunEnd>) -> BatchState {
    match end {
        None => BatchState::Running,
        Some(RunEnd::Published) => BatchState::Published,
        Some(RunEnd::Unchanged) => BatchState::Unchanged,
        Some(RunEnd::Failed) => BatchState::Failed,
        Some(RunEnd::Cancelled) => BatchState::Cancelled,
        Some(RunEnd::Interrupted) => BatchState::Interrupted,
    }
}

/// The word of the contract for what the history says.
fn trigger(of_history: &str) -> &'static str {
    match of_history {
        "call" => "call",
        "manual" => "manual",
        "on demand" => "signal",
        _ => "scheduled",
    }
}

/// A batch is known by its begin, and two may begin in one second.
fn precise(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use mungpy_schedule::Trigger;

    use super::*;

    #[test]
    fn what_starts_a_batch_has_a_word_of_the_contract() {
        let now = Utc::now();
        for (by, word) in [
            (Trigger::Scheduled(now).to_string(), "scheduled"),
            (Trigger::CatchUp(now).to_string(), "scheduled"),
            (Trigger::Retry(2).to_string(), "scheduled"),
            (Trigger::OnDemand.to_string(), "signal"),
            ("call".to_owned(), "call"),
            (crate::batch::RunOptions::default().trigger, "manual"),
        ] {
            assert_eq!(trigger(&by), word, "{by}");
        }
    }
}
