//! The only admission queue: a fixed set of extractors that requests borrow in turn.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::extract::{ExtractError, Extractor};

/// Extractors for persons, one per request measured concurrently.
pub struct WorkerPool {
    idle: Mutex<Vec<Extractor>>,
    free: Arc<Semaphore>,
}

/// A borrowed extractor. Dropping it returns it to the pool, even after a panic.
pub(super) struct Worker {
    extractor: Option<Extractor>,
    pool: Arc<WorkerPool>,
    _permit: OwnedSemaphorePermit,
}

impl WorkerPool {
    /// Creates `size` extractors, at least one: the given one and clones of it.
    pub fn new(extractor: Extractor, size: usize) -> Result<Self, ExtractError> {
        let mut idle = Vec::with_capacity(size);
        for _ in 1..size {
            idle.push(extractor.try_clone()?);
        }
        idle.push(extractor);
        let free = Arc::new(Semaphore::new(idle.len()));
        Ok(Self { idle: Mutex::new(idle), free })
    }

    /// Waits until a worker is idle; waiters are served first come, first served.
    pub(super) async fn acquire(self: &Arc<Self>) -> Worker {
        let permit = Arc::clone(&self.free).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let extractor = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        debug_assert!(extractor.is_some(), "a permit stands for an idle extractor");
        Worker { extractor, pool: Arc::clone(self), _permit: permit }
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
    /// Returns the extractor; the permit is released only afterwards.
    fn drop(&mut self) {
        if let Some(extractor) = self.extractor.take() {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(extractor);
        }
    }
}
