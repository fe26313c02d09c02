//! Work for one request: carried out by a worker, refused, or given up by its caller.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::oneshot::{self, Receiver, Sender};

use super::queue::{Overload, Queued};
use crate::extract::Extractor;

/// Work for one request, of whatever type its answer is.
pub(super) trait Assignment: Queued {
    /// Does the work, unless its caller has stopped waiting for its turn. What is returned hands the
    /// answer over, so that the worker can be free before its caller knows.
    fn carry_out(self: Box<Self>, extractor: &mut Extractor) -> Option<Delivery>;
}

/// Hands an answer over to its caller.
pub(super) type Delivery = Box<dyn FnOnce()>;

/// Work, and where to send its answer.
struct Order<T, W> {
    work: W,
    answer: Sender<Result<T, Overload>>,
    claim: Claim,
}

/// Who decides first: the worker who begins, or the caller whose time to wait is up.
#[derive(Clone, Default)]
struct Claim(Arc<AtomicBool>);

impl Claim {
    /// Decides. Returns whether nobody had decided before.
    fn make(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

/// The answer that a caller waits for.
pub(super) struct Answer<T> {
    answer: Receiver<Result<T, Overload>>,
    claim: Claim,
}

/// Work for a worker, and its answer. The work is told how to ask whether somebody still waits.
pub(super) fn assign<T, W>(work: W) -> (Box<dyn Assignment>, Answer<T>)
where
    T: Send + 'static,
    W: FnOnce(&mut Extractor, &dyn Fn() -> bool) -> T + Send + 'static,
{
    let ((sender, answer), claim) = (oneshot::channel(), Claim::default());
    let order = Order { work, answer: sender, claim: claim.clone() };
    (Box::new(order), Answer { answer, claim })
}

impl<T: Send, W: Send> Queued for Order<T, W> {
    fn is_given_up(&self) -> bool {
        self.answer.is_closed()
    }

    fn refuse(self: Box<Self>, overload: Overload) {
        let _ = self.answer.send(Err(overload));
    }
}

impl<T, W> Assignment for Order<T, W>
where
    T: Send + 'static,
    W: FnOnce(&mut Extractor, &dyn Fn() -> bool) -> T + Send,
{
    fn carry_out(self: Box<Self>, extractor: &mut Extractor) -> Option<Delivery> {
        let Self { work, answer, claim } = *self;
        if !claim.make() {
            return None;
        }
        // A panic has said so itself. The worker goes on, and the caller sees the dropped sender.
        let done = catch_unwind(AssertUnwindSafe(|| work(extractor, &|| !answer.is_closed())));
        Some(Box::new(move || match done {
            Ok(done) => drop(answer.send(Ok(done))),
            Err(_) => drop(answer),
        }))
    }
}

impl<T> Answer<T> {
    /// Waits for the answer; `None` if the work panicked.
    pub(super) async fn wait(&mut self) -> Option<Result<T, Overload>> {
        (&mut self.answer).await.ok()
    }

    /// Stops waiting for a turn. Returns whether no worker has begun; none will then.
    pub(super) fn give_up(&mut self) -> bool {
        self.claim.make()
    }

    /// Wants no answer any more. Returns whether there was none yet.
    pub(super) fn close(&mut self) -> bool {
        self.answer.close();
        !self.answer.is_terminated()
    }
}
