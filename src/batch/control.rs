//! The batch that runs beside a server: what it does now, and what callers ask of it.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use mungpy_core::reason::{Reason, WithReason};
use mungpy_schedule::{Stop, Wake};
use tokio::sync::watch;

use super::{BatchError, BatchReport, History, Run, RunOptions};

/// How long a batch that was asked for may take to begin.
const BEGIN: Duration = Duration::from_secs(10);
/// Shortest time between two notes of progress.
const NOTE_EVERY: Duration = Duration::from_millis(100);

/// What a caller wants of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunRequest {
    /// Whether all sources list all their dogs.
    pub full: bool,
    /// Whether dogs are measured again although nothing has changed.
    pub force: bool,
    /// Number of dogs that are measured at most.
    pub limit: Option<usize>,
    /// Whether any number of dogs may be removed.
    pub allow_removals: bool,
}

impl RunRequest {
    /// Changes the options of a run accordingly.
    pub fn apply(self, options: &mut RunOptions) {
        options.full |= self.full;
        options.force |= self.force;
        options.limit = self.limit;
        if self.allow_removals {
            (options.allow_empty, options.max_loss) = (true, 1.0);
        }
        "call".clone_into(&mut options.trigger);
    }
}

/// Why a request to the batch was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// A batch is under way, or was asked for already.
    #[error("a batch is under way; watch it, or try again when it has ended")]
    Running,
    /// No batch is under way.
    #[error("no batch is under way")]
    NotRunning,
    /// The batch did not begin.
    #[error("the batch did not begin within {} s; see the log of the server", BEGIN.as_secs())]
    Silent,
    /// The server stops.
    #[error("the server is shutting down")]
    Stopping,
}

impl WithReason for ControlError {
    fn reason(&self) -> Reason {
        match self {
            Self::Running => Reason::BatchRunning,
            Self::NotRunning => Reason::BatchNotRunning,
            Self::Silent => Reason::Internal,
            Self::Stopping => Reason::Stopping,
        }
    }
}

/// The batch beside a server. A clone controls the same batch.
#[derive(Debug, Clone)]
pub struct BatchControl {
    state: watch::Sender<State>,
    wake: Wake,
}

/// A run that was asked for. Dropped before it has begun, it is no longer wanted.
struct Wish<'a>(&'a BatchControl);

impl Wish<'_> {
    fn was_heard(self) {
        std::mem::forget(self);
    }
}

impl Drop for Wish<'_> {
    fn drop(&mut self) {
        self.0.state.send_modify(|state| state.wanted = None);
    }
}

/// What the batch does.
#[derive(Debug, Clone, Default)]
struct State {
    /// A run that was asked for and has not begun.
    wanted: Option<RunRequest>,
    /// The run that is under way, and what ends it.
    current: Option<(Run, Stop)>,
    /// The last run that ended.
    last: Option<Run>,
    is_closed: bool,
}

impl BatchControl {
    /// Controls the batch that waits for `stop`.
    pub fn new(stop: &Stop) -> Self {
        Self { state: watch::Sender::new(State::default()), wake: stop.wake() }
    }

    /// The run that is under way.
    pub fn current(&self) -> Option<Run> {
        self.state.borrow().current.as_ref().map(|(run, _)| run.clone())
    }

    /// Starts a run, and returns it once it has begun.
    pub async fn start(&self, request: RunRequest) -> Result<Run, ControlError> {
        let mut watch = self.state.subscribe();
        let mut refused = None;
        self.state.send_if_modified(|state| {
            refused = if state.is_closed {
                Some(ControlError::Stopping)
            } else if state.current.is_some() || state.wanted.is_some() {
                Some(ControlError::Running)
            } else {
                state.wanted = Some(request);
                None
            };
            refused.is_none()
        });
        if let Some(refused) = refused {
            return Err(refused);
        }
        let wish = Wish(self);
        let before = watch.borrow().last.as_ref().map(|run| run.started_at);
        self.wake.request();
        let begun = watch.wait_for(|state| state.is_closed || state.wanted.is_none());
        let Ok(Ok(state)) = tokio::time::timeout(BEGIN, begun).await else {
            return Err(ControlError::Silent);
        };
        wish.was_heard();
        let current = state.current.as_ref().map(|(run, _)| run);
        // A short run may have ended already.
        let ended = state.last.as_ref().filter(|run| Some(run.started_at) != before);
        current.or(ended).cloned().ok_or(ControlError::Stopping)
    }

    /// Has the run that is under way end after the dogs that are being measured.
    pub fn cancel(&self) -> Result<Run, ControlError> {
        let state = self.state.borrow();
        let (run, stop) = state.current.as_ref().ok_or(ControlError::NotRunning)?;
        stop.request();
        Ok(run.clone())
    }

    /// Watches the run that is under way, or else the next one.
    pub fn watch(&self) -> WatchedRun {
        let watch = self.state.subscribe();
        let state = watch.borrow();
        let started_at = state.current.as_ref().map(|(run, _)| run.started_at);
        let before = state.last.as_ref().map(|run| run.started_at);
        drop(state);
        WatchedRun { watch, started_at, before, told: None }
    }

    /// Ends all watching, because the server stops.
    pub fn close(&self) {
        self.state.send_modify(|state| state.is_closed = true);
    }

    /// Begins a run: changes its options to what was asked for, and returns what ends it.
    pub fn begin(&self, options: &mut RunOptions, loop_stop: &Stop) -> Stop {
        let stop = loop_stop.for_one_run();
        options.started_at = Some(Utc::now());
        self.state.send_modify(|state| {
            if let Some(wanted) = state.wanted.take() {
                wanted.apply(options);
            }
            state.current = Some((options.run(), stop.clone()));
        });
        stop
    }

    /// What notes the progress of the run that is under way.
    pub fn progress(&self) -> impl FnMut(usize, usize) {
        let state = self.state.clone();
        let mut noted: Option<Instant> = None;
        move |done, listed| {
            let is_due = noted.is_none_or(|noted| noted.elapsed() >= NOTE_EVERY) || done == listed;
            if !is_due {
                return;
            }
            noted = Some(Instant::now());
            state.send_modify(|state| {
                if let Some((run, _)) = &mut state.current {
                    (run.done, run.listed) = (done, listed);
                }
            });
        }
    }

    /// Notes how the run ended, in the words of the history if it knows the run; `None` if it
    /// panicked.
    pub fn end(&self, result: Option<&Result<BatchReport, BatchError>>, history: &History) {
        let started_at = self.current().map(|run| run.started_at);
        let runs = history.read().unwrap_or_default().into_iter();
        let noted = runs.rev().find(|run| Some(run.started_at) == started_at && run.end.is_some());
        self.state.send_modify(|state| {
            if let Some((run, _)) = state.current.take() {
                let now = Utc::now();
                state.last = noted.or_else(|| {
                    Some(match result {
                        Some(result) => run.ended(result, now),
                        None => run.panicked(now),
                    })
                });
            }
        });
    }
}

/// A run that is watched.
#[derive(Debug)]
pub struct WatchedRun {
    watch: watch::Receiver<State>,
    /// The run, once it has begun.
    started_at: Option<DateTime<Utc>>,
    /// The run that had ended when the watching began.
    before: Option<DateTime<Utc>>,
    told: Option<Run>,
}

impl WatchedRun {
    /// The run as it is, once that differs from what was returned last. A run with an end is the
    /// last; `None` if the server stops. States in between are left out if nobody asks for them.
    pub async fn next(&mut self) -> Option<Run> {
        loop {
            let state = self.watch.borrow_and_update().clone();
            if let Some(run) = self.seen(&state).filter(|run| Some(run) != self.told.as_ref()) {
                self.told = Some(run.clone());
                return Some(run);
            }
            // What came of a run is lost if others have ended since.
            let is_lost = self.started_at.is_some() && self.seen(&state).is_none();
            if state.is_closed || is_lost {
                return None;
            }
            self.watch.changed().await.ok()?;
        }
    }

    fn seen(&mut self, state: &State) -> Option<Run> {
        let last = state.last.as_ref();
        let current = state.current.as_ref().map(|(run, _)| run);
        if let Some(started_at) = self.started_at {
            let mut runs = [current, last].into_iter().flatten();
            return runs.find(|run| run.started_at == started_at).cloned();
        }
        let ended = last.filter(|run| Some(run.started_at) != self.before);
        let run = ended.or(current)?;
        self.started_at = Some(run.started_at);
        Some(run.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::DataDir;

    fn control() -> (BatchControl, Stop) {
        let stop = Stop::new();
        (BatchControl::new(&stop), stop)
    }

    #[allow(clippy::unnecessary_wraps, reason = "a run ends with a result")]
    fn report() -> Result<BatchReport, BatchError> {
        Ok(BatchReport { dogs: 3, version: 7, published: true, ..BatchReport::default() })
    }

    #[tokio::test]
    async fn a_run_is_asked_for_once_and_watched_to_its_end() {
        let (control, stop) = control();
        let mut watched = control.watch();
        let asked = control.clone();
        let request = RunRequest { limit: Some(4), allow_removals: true, ..RunRequest::default() };
        let starting = tokio::spawn(async move { asked.start(request).await });
        while !stop.is_wake_requested() {
            tokio::task::yield_now().await;
        }
        assert_eq!(control.start(request).await, Err(ControlError::Running));
        assert_eq!(control.cancel(), Err(ControlError::NotRunning));
        let mut options = RunOptions::default();
        let own = control.begin(&mut options, &stop);
        assert_eq!((options.limit, options.trigger.as_str()), (Some(4), "call"));
        let begun = starting.await.unwrap().unwrap();
        assert_eq!(watched.next().await.unwrap(), begun);
        control.progress()(2, 5);
        assert_eq!(watched.next().await.unwrap().done, 2);
        control.cancel().unwrap();
        assert!(own.is_requested() && !stop.is_requested());
        let folder = tempfile::tempdir().unwrap();
        control.end(Some(&report()), &History::of(&DataDir::new(folder.path())));
        let ended = watched.next().await.unwrap();
        assert_eq!((ended.version, ended.started_at), (7, begun.started_at));
        assert_eq!(control.current(), None);
        // A run that begins without being asked for keeps its own options.
        let mut options = RunOptions::default();
        control.begin(&mut options, &stop);
        assert_eq!((options.limit, options.trigger.as_str()), (None, "manual"));
    }

    #[tokio::test]
    async fn watching_ends_when_the_server_stops() {
        let (control, stop) = control();
        let mut watched = control.watch();
        control.begin(&mut RunOptions::default(), &stop);
        assert!(watched.next().await.is_some());
        control.close();
        assert_eq!(watched.next().await, None);
        let refused = control.start(RunRequest::default()).await;
        assert_eq!(refused, Err(ControlError::Stopping));
    }
}
