//! One connection: what it is doing, and when to close it.

use std::{
    hash::{BuildHasher, RandomState},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hyper_util::server::graceful::GracefulConnection;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::{
    Limits,
    room::{Room, Worth},
};

/// How long a caller may take to hang up after it was told to.
const LINGER: Duration = Duration::from_millis(250);

/// What a connection is doing.
pub(crate) struct Connection {
    id: u64,
    room: Arc<Room>,
    limits: Limits,
    /// When it is old.
    old: Instant,
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    /// Requests that are not answered yet.
    unanswered: usize,
    /// Requests whose answer has not been handed over as a whole.
    open: usize,
    /// How often the application says that it is at work for a request.
    working: usize,
    /// Requests so far.
    requests: u64,
    /// Whether the caller is owed a farewell: a request has come, or may be on the way.
    used: bool,
    /// When a request last came, moved on or ended: something of it was received or sent.
    last: Instant,
    /// Since when the caller is asked to open another connection, as this one is old.
    retired: Option<Instant>,
    /// Since when the caller is told to hang up.
    closing: Option<Instant>,
    /// Whether it closes because the server does: what has begun is finished if possible.
    draining: bool,
    /// Answers of which a part waits for the caller to take it: since when, and of which request;
    /// the longest first.
    handing: Vec<(Instant, u64)>,
    /// What speaks for keeping it, unless it must be kept; as the room knows it.
    worth: Option<Worth>,
}

/// A request that is in flight; it counts until this is dropped.
pub(crate) struct InFlight {
    connection: Arc<Connection>,
    request: u64,
    answered: bool,
    handing: Option<Instant>,
}

/// What to do with a connection next.
enum Next {
    /// Nothing until something changes.
    Wait,
    /// Ask the caller at this time to open another.
    RetireAt(Instant),
    /// Tell the caller to hang up at this time.
    CloseAt(Instant),
    /// Give up at this time.
    DropAt(Instant),
}

impl Connection {
    pub(crate) fn new(id: u64, room: Arc<Room>, limits: Limits, max_age: Duration) -> Self {
        let last = Instant::now();
        let state = State {
            unanswered: 0,
            open: 0,
            working: 0,
            requests: 0,
            used: false,
            last,
            retired: None,
            closing: None,
            draining: false,
            handing: Vec::new(),
            worth: None,
        };
        let old = last + jittered(max_age);
        Self { id, room, limits, old, state: Mutex::new(state), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and tells the room.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let changed = change(&mut state);
        let worth = state.worth(&self.limits);
        if worth != state.worth {
            self.room.moved(self.id, state.worth, worth);
            state.worth = worth;
        }
        changed
    }

    /// Tells the room what the connection does.
    pub(crate) fn settle(&self) {
        self.change(|_| ());
    }

    /// A request has come.
    pub(crate) fn begin(self: &Arc<Self>) -> InFlight {
        let request = self.change(|state| {
            state.unanswered += 1;
            state.open += 1;
            state.requests += 1;
            state.used = true;
            state.last = Instant::now();
            state.requests
        });
        InFlight { connection: Arc::clone(self), request, answered: false, handing: None }
    }

    /// Something of a request was received or sent.
    pub(crate) fn moved(&self) {
        self.change(|state| state.last = Instant::now());
    }

    /// The application is at work for a request.
    pub(crate) fn work_begun(&self) {
        self.change(|state| {
            state.working += 1;
            state.last = Instant::now();
        });
    }

    /// The application is no more at work for it.
    pub(crate) fn work_ended(&self) {
        self.change(|state| {
            state.working -= 1;
            state.last = Instant::now();
        });
        self.changed.notify_one();
    }

    /// Asks for the connection to be closed as soon as its requests are answered. Its place is free.
    pub(crate) fn close(&self) {
        self.ended();
        self.changed.notify_one();
    }

    /// The same as the server drains: with a farewell even if it never asked, as its first request
    /// may be on the way, and with time for answers that have begun.
    pub(crate) fn dismiss(&self) {
        let mut state = self.state();
        state.used = true;
        state.draining = true;
        drop(state);
        self.close();
    }

    /// Its task has ended.
    pub(crate) fn ended(&self) {
        self.change(|state| _ = state.closing.get_or_insert_with(Instant::now));
        self.room.leave(self.id);
    }

    fn retire(&self) {
        self.change(|state| state.retired = Some(Instant::now()));
    }

    /// Whether the caller is to be told that no more requests are taken.
    fn is_leaving(&self) -> bool {
        let state = self.state();
        state.closing.is_some() || state.retired.is_some()
    }

    fn next(&self) -> Next {
        let (state, limits) = (self.state(), &self.limits);
        let patience = if state.used { limits.idle_timeout } else { limits.receive_timeout };
        let next = match (state.closing, state.retired, state.handing.first()) {
            (Some(closed), ..) => return state.farewell(closed, limits),
            // The connection ends by itself once the caller has understood.
            (None, Some(retired), _) if state.open == 0 => {
                return Next::DropAt(state.last.max(retired) + limits.receive_timeout);
            }
            (None, None, _) if state.open == 0 => Next::CloseAt(state.last + patience),
            (None, _, Some((since, _))) => Next::CloseAt(*since + limits.idle_timeout),
            (None, Some(retired), None) if !state.at_work() => {
                Next::CloseAt(state.last.max(retired) + limits.idle_timeout)
            }
            _ => Next::Wait,
        };
        match next {
            Next::CloseAt(time) if time <= self.old => next,
            _ if state.retired.is_some() => next,
            _ => Next::RetireAt(self.old),
        }
    }

    /// Completes when there is nothing more to be expected of the connection; calls `leave` once
    /// when no more requests are to be taken.
    async fn patience(&self, mut leave: impl FnMut()) {
        let mut told = false;
        loop {
            if !told && self.is_leaving() {
                told = true;
                leave();
            }
            let next = self.next();
            let timer = async {
                match next {
                    Next::Wait => std::future::pending().await,
                    Next::RetireAt(time) | Next::CloseAt(time) | Next::DropAt(time) => {
                        sleep_until(time).await;
                    }
                }
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = timer => match self.next() {
                    Next::RetireAt(time) if time <= Instant::now() => self.retire(),
                    Next::CloseAt(time) if time <= Instant::now() => self.close(),
                    Next::DropAt(time) if time <= Instant::now() => return,
                    _ => {}
                },
            }
        }
    }

    /// What `work` returns that comes before the first request, unless the caller is too slow.
    pub(crate) async fn prepare<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = self.patience(|| ()) => None,
        }
    }

    /// Drives the connection to its end.
    pub(crate) async fn drive(&self, io: impl GracefulConnection) {
        let mut io = pin!(io);
        let told = Notify::new();
        let mut patience = pin!(self.patience(|| told.notify_one()));
        loop {
            tokio::select! {
                _ = io.as_mut() => return,
                () = patience.as_mut() => return,
                () = told.notified() => io.as_mut().graceful_shutdown(),
            }
        }
    }
}

impl State {
    /// Whether the server has something to do before the next part of an answer is there. Work that
    /// only goes on if the caller takes what is ready does not count.
    fn at_work(&self) -> bool {
        self.unanswered > 0 || (self.working > 0 && self.handing.is_empty())
    }

    /// What speaks for keeping the connection, unless it must be kept.
    fn worth(&self, limits: &Limits) -> Option<Worth> {
        let waits = self.open == self.handing.len() && (self.open == 0 || self.working == 0);
        // One that had a request before may wait longer, by the time in which a caller must begin.
        let bonus = if self.used { limits.receive_timeout } else { Duration::ZERO };
        match self.closing {
            Some(_) => None,
            None if waits => Some(Worth::Waiting(self.last + bonus)),
            None if self.at_work() => None,
            None => Some(Worth::Answering(self.last + limits.receive_timeout)),
        }
    }

    /// When to give up after the caller was told to hang up.
    fn farewell(&self, closed: Instant, limits: &Limits) -> Next {
        let longest = closed + limits.grace.max(limits.idle_timeout);
        Next::DropAt(match self.unanswered {
            // Who never asked is owed no farewell.
            0 if !self.used => self.last,
            0 if self.draining && self.open > 0 && self.at_work() => longest,
            // The end of an answer may still be in the buffers. Who has taken it and understood is
            // gone long before.
            0 if self.draining && self.requests > 0 => {
                (closed + LINGER).max(self.last + limits.receive_timeout)
            }
            0 => self.last.max(closed) + LINGER,
            _ => longest,
        })
    }
}

/// A time a tenth longer or shorter, so that connections that began together do not end together.
fn jittered(time: Duration) -> Duration {
    let random = RandomState::new().hash_one(()) as f64 / u64::MAX as f64;
    time.mul_f64(0.9 + 0.2 * random)
}

impl InFlight {
    /// Whether a part of the answer waits for the caller to take it.
    pub(crate) fn handing(&mut self, handing: bool) {
        if self.handing.is_none() && !handing {
            return;
        }
        let before = self.handing.take();
        let request = self.request;
        self.handing = self.connection.change(|state| {
            state.handing.retain(|(_, other)| *other != request);
            state.last = Instant::now();
            handing.then_some(state.last).inspect(|now| state.handing.push((*now, request)))
        });
        // A later end of its patience need not be told.
        if before.is_none() {
            self.connection.changed.notify_one();
        }
    }

    /// The answer is there, though not handed over yet.
    pub(crate) fn answered(&mut self) {
        if !self.answered {
            self.answered = true;
            self.connection.change(|state| state.unanswered -= 1);
            self.connection.changed.notify_one();
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.answered();
        self.handing(false);
        self.connection.change(|state| {
            state.open -= 1;
            state.last = Instant::now();
        });
        self.connection.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_differ_by_a_tenth_at_most() {
        let ages: Vec<_> = (0..200).map(|_| jittered(Duration::from_secs(100)).as_secs()).collect();
        assert!(ages.iter().all(|age| (90..=110).contains(age)));
        assert!(ages.iter().min() < ages.iter().max());
    }
}
