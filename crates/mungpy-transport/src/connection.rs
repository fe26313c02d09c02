//! One connection: what it is doing, and when to close it.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hyper_util::server::graceful::GracefulConnection;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::Limits;

/// How long a caller may take to hang up after it was told to.
const LINGER: Duration = Duration::from_millis(250);

/// What a connection is doing.
pub(crate) struct Connection {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    /// Requests that are not answered yet.
    unanswered: usize,
    /// Requests whose answer has not been handed over as a whole.
    open: usize,
    /// Whether a request has come yet.
    used: bool,
    /// When a request last came or ended.
    last: Instant,
    /// Since when the caller is told to hang up.
    closing: Option<Instant>,
    /// Answers of which a part waits for the caller to take it, and since when there are any.
    handing: usize,
    stuck: Option<Instant>,
}

/// A request that is in flight; it counts until this is dropped.
pub(crate) struct InFlight {
    connection: Arc<Connection>,
    answered: bool,
    handing: bool,
}

/// What to do with a connection next.
enum Next {
    /// Nothing until something changes.
    Wait,
    /// Tell the caller to hang up at this time.
    CloseAt(Instant),
    /// Give up at this time.
    DropAt(Instant),
}

impl Connection {
    pub(crate) fn new() -> Self {
        let last = Instant::now();
        let state = State {
            unanswered: 0,
            open: 0,
            used: false,
            last,
            closing: None,
            handing: 0,
            stuck: None,
        };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request has come.
    pub(crate) fn begin(self: &Arc<Self>) -> InFlight {
        let mut state = self.state();
        state.unanswered += 1;
        state.open += 1;
        state.used = true;
        state.last = Instant::now();
        InFlight { connection: Arc::clone(self), answered: false, handing: false }
    }

    /// Whether it ever had a request, and since when it waits for one; `None` if it has one now or
    /// is being closed.
    pub(crate) fn waiting(&self) -> Option<(bool, Instant)> {
        let state = self.state();
        (state.unanswered == 0 && state.closing.is_none()).then_some((state.used, state.last))
    }

    /// Whether it is not being closed.
    pub(crate) fn is_kept(&self) -> bool {
        self.state().closing.is_none()
    }

    /// Asks for the connection to be closed as soon as its requests are answered.
    pub(crate) fn close(&self) {
        self.state().closing.get_or_insert_with(Instant::now);
        self.changed.notify_one();
    }

    /// The same, with a farewell even if it never asked: its first request may be on the way.
    pub(crate) fn dismiss(&self) {
        self.state().used = true;
        self.close();
    }

    fn next(&self, limits: &Limits) -> Next {
        let state = self.state();
        let patience = if state.used { limits.idle_timeout } else { limits.receive_timeout };
        match (state.closing, state.unanswered, state.open) {
            // Who never asked is owed no farewell.
            (Some(_), 0, _) if !state.used => Next::DropAt(state.last),
            (Some(closed), 0, _) => Next::DropAt(state.last.max(closed) + LINGER),
            (Some(closed), ..) => Next::DropAt(closed + limits.grace.max(limits.idle_timeout)),
            (None, _, 0) => Next::CloseAt(state.last + patience),
            (None, ..) => match state.stuck {
                Some(since) => Next::CloseAt(since + limits.idle_timeout),
                None => Next::Wait,
            },
        }
    }

    /// Drives the connection to its end.
    pub(crate) async fn drive(&self, io: impl GracefulConnection, limits: &Limits) {
        let mut io = pin!(io);
        let mut told = false;
        loop {
            if !told && !self.is_kept() {
                told = true;
                io.as_mut().graceful_shutdown();
            }
            let next = self.next(limits);
            let timer = async {
                match next {
                    Next::Wait => std::future::pending().await,
                    Next::CloseAt(time) | Next::DropAt(time) => sleep_until(time).await,
                }
            };
            tokio::select! {
                _ = io.as_mut() => return,
                () = self.changed.notified() => {}
                () = timer => match self.next(limits) {
                    Next::CloseAt(time) if time <= Instant::now() => self.close(),
                    Next::DropAt(time) if time <= Instant::now() => return,
                    _ => {}
                },
            }
        }
    }
}

impl InFlight {
    /// Whether a part of the answer waits for the caller to take it.
    pub(crate) fn handing(&mut self, handing: bool) {
        if self.handing == handing {
            return;
        }
        self.handing = handing;
        let mut state = self.connection.state();
        if handing {
            state.handing += 1;
        } else {
            state.handing -= 1;
        }
        state.stuck = (state.handing > 0).then(|| state.stuck.unwrap_or_else(Instant::now));
        drop(state);
        self.connection.changed.notify_one();
    }

    /// The answer is there, though not handed over yet.
    pub(crate) fn answered(&mut self) {
        if !self.answered {
            self.answered = true;
            self.connection.state().unanswered -= 1;
            self.connection.changed.notify_one();
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.answered();
        self.handing(false);
        let mut state = self.connection.state();
        state.open -= 1;
        state.last = Instant::now();
        drop(state);
        self.connection.changed.notify_one();
    }
}
