//! A clock for tests, which passes a year in no time.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{Clock, Stop, Waited};

type Event = Box<dyn FnOnce(&FakeClock) + Send>;

/// A clock that stands still until somebody waits for it or sets it. All clones are one clock.
///
/// A wait does not sleep: it moves the clock. Something has to end the loop that waits, so schedule a
/// [`Stop`] with [`FakeClock::at`].
#[derive(Clone)]
pub struct FakeClock {
    state: Arc<Mutex<State>>,
}

struct State {
    now: DateTime<Utc>,
    events: VecDeque<(DateTime<Utc>, Event)>,
}

impl FakeClock {
    /// A clock that shows `now`.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { state: Arc::new(Mutex::new(State { now, events: VecDeque::new() })) }
    }

    /// Sets the clock, ahead or back.
    pub fn set(&self, now: DateTime<Utc>) {
        self.lock().now = now;
    }

    /// Lets time pass without a wait, as a job does.
    pub fn advance(&self, time: TimeDelta) {
        self.lock().now += time;
    }

    /// Does something once when a wait reaches `time`: sets the clock, wakes or stops the loop.
    ///
    /// Events happen in the order in which they were added, as a clock that is set back reaches a time
    /// twice.
    pub fn at(&self, time: DateTime<Utc>, event: impl FnOnce(&Self) + Send + 'static) {
        self.lock().events.push_back((time, Box::new(event)));
    }

    fn take_event(&self, until: DateTime<Utc>) -> Option<(DateTime<Utc>, Event)> {
        let mut state = self.lock();
        let is_due = state.events.front().is_some_and(|(time, _)| *time <= until);
        if is_due { state.events.pop_front() } else { None }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for FakeClock {
    fn now(&self) -> DateTime<Utc> {
        self.lock().now
    }

    fn wait_until(&self, when: DateTime<Utc>, stop: &Stop) -> Waited {
        let began = self.now();
        loop {
            let now = self.now();
            if stop.is_requested() {
                return Waited::Stopped;
            } else if stop.is_wake_requested() {
                return Waited::Woken;
            } else if now < began {
                return Waited::SetBack;
            } else if now >= when {
                return Waited::Reached;
            }
            match self.take_event(when) {
                Some((time, event)) => {
                    self.set(now.max(time));
                    event(self);
                }
                None => self.set(when),
            }
        }
    }
}
