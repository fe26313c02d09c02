//! Turns what the engine says into lines, in the order of the requests.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{Stream, stream};
use mungpy_core::reason::Reason;
use mungpy_proto::v1::{BatchMatchResponse, batch_match_response::Result as Said};
use mungpy_transport::Charge;
use prost::Message;
use tokio::{sync::mpsc, task::AbortHandle};
use tonic::{Code, Status, Streaming};

use super::{
    feed::{Asked, Expected},
    line::{BatchAnswer, BatchResult},
};
use crate::{language::Language, problem::Problem, routes::similar_dog::Answer, upstream::Lease};

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
        if self.has_ended {
            return None;
        }
        if let Some(problem) = self.last.take() {
            return Some(self.end(problem));
        }
        match self.expected.recv().await? {
            Expected::Refused(id, problem) => Some(BatchAnswer::refused(id, problem)),
            Expected::Broken(problem) => Some(self.end(problem)),
            Expected::Asked(asked) => Some(self.answer(asked).await),
        }
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
