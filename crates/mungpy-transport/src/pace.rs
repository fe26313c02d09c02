//! Whose turn it is in a request: the caller's, whose time is counted, or the server's.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
    time::Duration,
};

use tokio::time::Instant;

use super::connection::Connection;

/// Whose turn it is in a request; an extension of each request.
///
/// A caller of a stream in both directions may wait for one answer before it sends the next item.
/// The application says by [`Pace::working`] that it is at work for the stream, so that the time
/// that it needs itself is not counted against the caller.
#[derive(Clone)]
pub struct Pace(Arc<Turn>);

struct Turn {
    connection: Arc<Connection>,
    clock: Mutex<Clock>,
}

/// The time that is not the caller's.
#[derive(Default)]
struct Clock {
    holds: usize,
    /// Since when there are holds.
    held: Option<Instant>,
    /// The time of holds that have ended, since it was last taken.
    ended: Duration,
    /// The body, if it waits for the last hold to end.
    waiting: Option<Waker>,
}

/// The application is at work for a request until this is dropped.
///
/// Meanwhile [`Limits::receive_timeout`](super::Limits::receive_timeout) does not run for the body
/// of the request, and its connection counts as at work: it is neither closed to make room for
/// another nor when it is old, and the drain waits for it. Only a caller who does not take what is
/// ready is not waited for. Hold it for each item that is being answered, and no longer: while it
/// lives, nothing ends a caller who sends nothing.
#[must_use = "the work ends when this is dropped"]
pub struct Work {
    connection: Arc<Connection>,
    _hold: Hold,
}

/// The time of the caller stands still until this is dropped.
pub(crate) struct Hold(Arc<Turn>);

impl Pace {
    pub(crate) fn new(connection: Arc<Connection>) -> Self {
        Self(Arc::new(Turn { connection, clock: Mutex::default() }))
    }

    /// The application is at work for the request until all that this returned are dropped.
    pub fn working(&self) -> Work {
        let connection = Arc::clone(&self.0.connection);
        connection.work_begun();
        Work { connection, _hold: self.hold() }
    }

    /// Stops the time of the caller, but does not make the connection count as at work.
    pub(crate) fn hold(&self) -> Hold {
        let mut clock = self.0.clock();
        clock.holds += 1;
        clock.held.get_or_insert_with(Instant::now);
        drop(clock);
        Hold(Arc::clone(&self.0))
    }

    /// Something of the body has arrived.
    pub(crate) fn received(&self) {
        self.0.connection.moved();
    }

    /// The time that was held since this was last called; nothing as long as it still is, and then
    /// the task is woken at the end.
    pub(crate) fn held(&self, context: &Context<'_>) -> Option<Duration> {
        let mut clock = self.0.clock();
        if clock.holds > 0 {
            clock.waiting = Some(context.waker().clone());
            return None;
        }
        Some(std::mem::take(&mut clock.ended))
    }
}

impl Turn {
    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.connection.work_ended();
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut clock = self.0.clock();
        clock.holds -= 1;
        if clock.holds > 0 {
            return;
        }
        let since = clock.held.take();
        clock.ended += since.map_or(Duration::ZERO, |since| since.elapsed());
        let waiting = clock.waiting.take();
        // The task may look at the clock as soon as it is woken.
        drop(clock);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }
}
