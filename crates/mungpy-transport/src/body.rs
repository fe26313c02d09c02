//! A request body that counts its bytes and its time.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use mungpy_core::reason::{Reason, WithReason};
use tokio::time::{Instant, Sleep, sleep};

use super::{
    Charge, Limits, Spent,
    pace::{Hold, Pace},
};

/// A request body that counts its bytes and its time. It fails if the budget is spent, or if the
/// caller falls behind [`Limits::SLOWEST`] by more than the patience. The time in which nobody takes
/// anything is not the caller's, nor is that in which the application is at work, see
/// [`Pace`](super::Pace).
pub struct MeteredBody {
    inner: Incoming,
    charge: Charge,
    pace: Pace,
    begun: Instant,
    patience: Duration,
    deadline: Pin<Box<Sleep>>,
    received: u64,
    charged: bool,
    /// Holds the time since the last frame was handed over, until somebody asks for another.
    rest: Option<Hold>,
}

/// Why a body did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The budget of all bodies is spent.
    #[error(transparent)]
    Spent(#[from] Spent),
    /// The caller is too slow.
    #[error(
        "only {received} bytes of the body arrived within {} s; send at least {} bytes a second",
        seconds.as_secs(),
        Limits::SLOWEST
    )]
    TooSlow {
        /// Bytes that arrived.
        received: u64,
        /// How long the caller took.
        seconds: Duration,
    },
    /// The connection or the stream broke.
    #[error("the body ended early: {0}")]
    Broken(#[from] hyper::Error),
}

impl WithReason for BodyError {
    fn reason(&self) -> Reason {
        match self {
            Self::Spent(spent) => spent.reason(),
            Self::TooSlow { .. } => Reason::RequestTooSlow,
            Self::Broken(_) => Reason::RequestBroken,
        }
    }
}

impl MeteredBody {
    pub(crate) fn new(inner: Incoming, charge: Charge, pace: Pace, patience: Duration) -> Self {
        let deadline = Box::pin(sleep(patience));
        let (begun, received, charged, rest) = (Instant::now(), 0, false, None);
        Self { inner, charge, pace, begun, patience, deadline, received, charged, rest }
    }

    /// Pays for what arrived, and gives the rest more time.
    fn count(&mut self, bytes: usize) -> Result<(), Spent> {
        self.charge.add(bytes + Limits::FRAME_COST)?;
        self.received += bytes as u64;
        // What arrives earns time, but never more than the patience, so that a fast beginning does
        // not pay for a long stop.
        let earned = Duration::from_micros(bytes as u64 * 1_000_000 / Limits::SLOWEST);
        self.extend(earned);
        self.pace.received();
        self.rest = Some(self.pace.hold());
        Ok(())
    }

    fn extend(&mut self, by: Duration) {
        let longest = Instant::now() + self.patience;
        let extended = self.deadline.deadline() + by;
        self.deadline.as_mut().reset(extended.min(longest));
    }

    /// Whether the caller has used up its time; woken when it may have.
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        let Some(held) = self.pace.held(context) else { return false };
        if !held.is_zero() {
            self.extend(held);
        }
        self.deadline.as_mut().poll(context).is_ready()
    }
}

impl Body for MeteredBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if !self.charged {
            self.charged = true;
            self.charge.add(Limits::REQUEST_COST)?;
        }
        self.rest = None;
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                self.count(frame.data_ref().map_or(0, Bytes::len))?;
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(end) => Poll::Ready(end.map(|failed| failed.map_err(BodyError::from))),
            Poll::Pending if self.is_late(context) => {
                let (received, seconds) = (self.received, self.begun.elapsed());
                Poll::Ready(Some(Err(BodyError::TooSlow { received, seconds })))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
