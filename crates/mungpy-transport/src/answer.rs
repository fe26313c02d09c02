//! The body of an answer; its request is in flight as long as it lives.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::connection::InFlight;

/// Bytes of an answer that are handed over at a time. More would wait in the connection's buffers,
/// where nobody sees that the caller does not take them.
const PIECE: usize = 16 * 1024;

/// The body of an answer; its request is in flight as long as it lives.
pub(crate) struct AnswerBody<B> {
    inner: Pin<Box<B>>,
    /// What remains of a frame of the inner body.
    rest: Bytes,
    in_flight: InFlight,
}

impl<B> AnswerBody<B> {
    pub(crate) fn new(inner: B, in_flight: InFlight) -> Self {
        Self { inner: Box::pin(inner), rest: Bytes::new(), in_flight }
    }

    /// Keeps what follows the first piece.
    fn first_piece(&mut self, mut data: Bytes) -> Frame<Bytes> {
        let piece = data.split_to(data.len().min(PIECE));
        self.rest = data;
        Frame::data(piece)
    }
}

impl<B: Body<Data = Bytes>> Body for AnswerBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = if self.rest.is_empty() {
            self.inner.as_mut().poll_frame(context)
        } else {
            Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.rest)))))
        };
        self.in_flight.handing(matches!(polled, Poll::Ready(Some(_))));
        polled.map_ok(|frame| {
            frame.into_data().map_or_else(|other| other, |data| self.first_piece(data))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, rest) = (self.inner.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(rest));
        if let Some(upper) = inner.upper().and_then(|upper| upper.checked_add(rest)) {
            hint.set_upper(upper);
        }
        hint
    }
}
