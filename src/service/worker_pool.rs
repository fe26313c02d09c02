//! The only admission: a fixed set of extractors that requests borrow in turn.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::time::{sleep, timeout_at};

use super::queue::{Job, Overload, Queue};
use crate::extract::{ExtractError, Extractor};

/// The longest pause before a patient request asks for a worker again.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Extractors for persons, one per request measured concurrently.
pub struct WorkerPool {
    size: usize,
    state: Mutex<State>,
}

struct State {
    idle: Vec<Extractor>,
    queue: Queue<Worker>,
}

/// A borrowed extractor. Dropping it hands it to the next request, even after a panic.
pub(super) struct Worker {
    extractor: Option<Extractor>,
    pool: Arc<WorkerPool>,
}

impl WorkerPool {
    /// Creates `size` extractors, at least one: the given one and clones of it.
    pub fn new(extractor: Extractor, size: usize) -> Result<Self, ExtractError> {
        let mut idle = Vec::with_capacity(size);
        for _ in 1..size {
            idle.push(extractor.try_clone()?);
        }
        idle.push(extractor);
        let queue = Queue::new(idle.len());
        Ok(Self { size: idle.len(), state: Mutex::new(State { idle, queue }) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a worker as long as the answer can still be in time.
    pub(super) async fn acquire(self: &Arc<Self>, job: Job) -> Result<Worker, Overload> {
        let (turn, latest) = {
            let mut state = self.state();
            if job.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Err(state.queue.overload(0));
            }
            if let Some(extractor) = state.idle.pop() {
                return Ok(self.worker(extractor));
            }
            (state.queue.push(job, Instant::now())?, state.queue.latest_start(&job))
        };
        match timeout_at(latest.into(), turn).await {
            Ok(Ok(turn)) => turn,
            // Nobody drops the sender; the timer is what ends the waiting otherwise.
            Ok(Err(_)) | Err(_) => Err(self.state().queue.overload(0)),
        }
    }

    /// Waits for a worker however long it takes, without holding a place before others.
    pub(super) async fn acquire_patiently(self: &Arc<Self>, job: Job) -> Worker {
        loop {
            match self.acquire(Job { arrival: Instant::now(), ..job }).await {
                Ok(worker) => return worker,
                Err(overload) => sleep(overload.retry.min(LONGEST_PAUSE)).await,
            }
        }
    }

    /// Why a request would be refused if it came now, before anything of it is read; `None` if
    /// there is room for it.
    pub(super) fn overload(&self) -> Option<Overload> {
        let mut state = self.state();
        (state.idle.is_empty() && state.queue.is_full()).then(|| state.queue.overload_of_all())
    }

    /// Workers at work, and requests that wait for one.
    pub(super) fn load(&self) -> (usize, usize) {
        let state = self.state();
        (self.size - state.idle.len(), state.queue.len())
    }

    /// Number of workers.
    pub fn size(&self) -> usize {
        self.size
    }

    fn worker(self: &Arc<Self>, extractor: Extractor) -> Worker {
        Worker { extractor: Some(extractor), pool: Arc::clone(self) }
    }

    /// Gives an extractor to the request whose turn it is, or lets it rest.
    fn release(self: &Arc<Self>, mut extractor: Extractor) {
        loop {
            let turn = {
                let mut state = self.state();
                match state.queue.next(Instant::now()) {
                    Some(turn) => turn,
                    None => return state.idle.push(extractor),
                }
            };
            match turn.send(Ok(self.worker(extractor))) {
                Err(Ok(mut refused)) => match refused.extractor.take() {
                    Some(returned) => extractor = returned,
                    None => return,
                },
                _ => return,
            }
        }
    }
}

impl Worker {
    /// Tells the queue how long some photos took.
    pub(super) fn took(&self, photos: usize, begun: Instant) {
        self.pool.state().queue.learn(photos, begun.elapsed());
    }
}

impl Deref for Worker {
    type Target = Extractor;

    fn deref(&self) -> &Extractor {
        self.extractor.as_ref().expect("given back only on drop")
    }
}

impl DerefMut for Worker {
    fn deref_mut(&mut self) -> &mut Extractor {
        self.extractor.as_mut().expect("given back only on drop")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(extractor) = self.extractor.take() {
            self.pool.release(extractor);
        }
    }
}
