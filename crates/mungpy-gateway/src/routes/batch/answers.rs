//! Turns what the engine says into lines, in the order of the requests.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, stream};
use mungpy_core::reason::Reason;
use mungpy_proto::v1::{BatchMatchResponse, batch_match_response::Result as Said};
use mungpy_transport::Charge;
use prost::Message;
use tokio::{sync::mpsc, task::AbortHandle, time::timeout};
use tonic::{Code, Status, Streaming};

use super::{
    feed::{Asked, Expected},
    line::{BatchAnswer, BatchResult},
};
use crate::{language::Language, problem::Problem, routes::similar_dog::Answer, upstream::Lease};

/// How long an engine may take to end a stream that has no more lines.
const LAST_WORD: Duration = Duration::from_secs(1);

/// The answers of one stream. Dropping it ends the stream on both sides.
pub(super) struct Answers {
    expected: mpsc::Receiver<Expected>,
    said: Streaming<BatchMatchResponse>,
    lease: Lease,
    feed: AbortHandle,
    charge: Charge,
    language: Language,
    /// Why the stream broke, until its last line says so.
    last: Option<Problem>,
    has_ended: bool,
}

impl Answers {
    pub(super) fn new(
        expected: mpsc::Receiver<Expected>,
        said: Streaming<BatchMatchResponse>,
        lease: Lease,
        feed: AbortHandle,
        charge: Charge,
        language: Language,
    ) -> Self {
        Self { expected, said, lease, feed, charge, language, last: None, has_ended: false }
    }

    /// The lines of the answer. Nothing is read before somebody wants the next one.
    pub(super) fn lines(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold(self, |mut answers| async {
            let answer = answers.next().await?;
            let mut line = serde_json::to_vec(&answer).unwrap_or_default();
            line.push(b'\n');
            Some((Ok(line.into()), answers))
        })
    }

    async fn next(&mut self) -> Option<BatchAnswer> {
        if let Some(problem) = self.last.take() {
            return Some(self.end(problem));
        }
        let expected = if self.has_ended { None } else { self.expected.recv().await };
        match expected {
            Some(Expected::Refused(id, problem)) => Some(BatchAnswer::refused(id, problem)),
            Some(Expected::Broken(problem)) => Some(self.end(problem)),
            Some(Expected::Asked(asked)) => Some(self.answer(asked).await),
            None => {
                self.hear_out().await;
                None
            }
        }
    }

    /// Lets the engine end the stream, as it does once no more requests come. Frames on a stream that
    /// was cut off count against the connection. After a thousand of them HTTP/2 closes it, with all
    /// its calls.
    async fn hear_out(&mut self) {
        self.feed.abort();
        let to_the_end = async { while let Ok(Some(_)) = self.said.message().await {} };
        let _ = timeout(LAST_WORD, to_the_end).await;
    }

    /// The last line of a stream that broke.
    fn end(&mut self, problem: Problem) -> BatchAnswer {
        self.has_ended = true;
        BatchAnswer::refused(String::new(), problem)
    }

    /// The line of a request after which the stream breaks.
    fn broken(&mut self, id: String, problem: Problem) -> BatchAnswer {
        self.last = Some(problem.clone());
        BatchAnswer::refused(id, problem)
    }

    async fn answer(&mut self, asked: Asked) -> BatchAnswer {
        let said = self.said.message().await;
        self.charge.give_back(asked.charged);
        let Asked { id, is_detailed, .. } = asked;
        match said {
            Ok(Some(BatchMatchResponse { result: Some(Said::Response(response)), .. })) => {
                self.lease.succeeded();
                let answer = Answer::of(response, is_detailed);
                BatchAnswer { id, result: BatchResult::Answered(Box::new(answer)) }
            }
            Ok(Some(BatchMatchResponse { result: Some(Said::Status(status)), .. })) => {
                BatchAnswer::refused(id, Problem::of_status(&typed(&status), self.language))
            }
            Ok(_) => {
                let detail = "the matching engine ended the stream early";
                self.broken(id, Problem::new(Reason::EngineFailed, detail))
            }
            Err(status) => {
                self.lease.failed(&status);
                self.broken(id, Problem::of_status(&status, self.language))
            }
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.feed.abort();
    }
}

/// A status of a message as a call would have it.
fn typed(status: &tonic_types::Status) -> Status {
    let details = status.encode_to_vec().into();
    Status::with_details(Code::from(status.code), status.message.clone(), details)
}
