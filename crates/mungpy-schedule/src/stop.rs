//! Requests from outside: stop, or run now.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Ends the loop and what it runs. All clones are one handle.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    shared: Arc<Shared>,
    /// The handle whose end is the end of this one as well.
    above: Option<Arc<Shared>>,
}

/// Asks for a run now. All clones are one handle, and several requests before a run are one.
///
/// A request during a run is kept: that run may have missed what changed, so another follows it.
#[derive(Debug, Clone)]
pub struct Wake {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    requests: Mutex<Requests>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Requests {
    stop: bool,
    wake: bool,
}

impl Stop {
    /// A handle on which nothing is requested.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the loop and its job to end. This cannot be taken back.
    pub fn request(&self) {
        self.shared.lock().stop = true;
        self.shared.changed.notify_all();
    }

    /// Whether the end was asked for.
    pub fn is_requested(&self) -> bool {
        let above = self.above.as_ref();
        self.shared.lock().stop || above.is_some_and(|above| above.lock().stop)
    }

    /// A handle for one run: it ends with this one, and can be ended alone. It wakes nobody.
    #[must_use]
    pub fn for_one_run(&self) -> Self {
        Self { shared: Arc::default(), above: Some(Arc::clone(&self.shared)) }
    }

    /// The handle that asks the loop of this handle for a run.
    pub fn wake(&self) -> Wake {
        Wake { shared: Arc::clone(&self.shared) }
    }

    /// Whether a run is asked for that has not begun.
    pub fn is_wake_requested(&self) -> bool {
        self.shared.lock().wake
    }

    /// Takes the request for a run, if there is one.
    pub(crate) fn take_wake(&self) -> bool {
        std::mem::take(&mut self.shared.lock().wake)
    }

    /// Sleeps for `time`, or until the end or a run is asked for.
    pub(crate) fn pause(&self, time: Duration) {
        let nothing_requested = |requests: &mut Requests| !requests.stop && !requests.wake;
        let requests = self.shared.lock();
        // A poisoned lock still guards two plain flags.
        drop(self.shared.changed.wait_timeout_while(requests, time, nothing_requested));
    }
}

impl Wake {
    /// Asks for a run now.
    pub fn request(&self) {
        self.shared.lock().wake = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_alone_or_with_the_loop() {
        let whole = Stop::new();
        let [first, second] = [whole.for_one_run(), whole.for_one_run()];
        first.request();
        let ended = |stop: &Stop| stop.is_requested();
        assert_eq!([&first, &second, &whole].map(ended), [true, false, false]);
        whole.request();
        assert!(second.is_requested());
    }
}
