//! A fixed set of extractors that threads borrow in turn.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::{ExtractError, Extractor};

/// Extractors of one species for a number of threads.
pub struct ExtractorPool {
    idle: Mutex<Vec<Extractor>>,
    returned: Condvar,
    size: usize,
}

impl ExtractorPool {
    /// `size` extractors, at least one: the given one and copies of it.
    pub fn new(extractor: Extractor, size: usize) -> Result<Self, ExtractError> {
        let mut idle = Vec::with_capacity(size);
        for _ in 1..size {
            idle.push(extractor.try_clone()?);
        }
        idle.push(extractor);
        let size = idle.len();
        Ok(Self { idle: Mutex::new(idle), returned: Condvar::new(), size })
    }

    /// Number of extractors.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Runs `work` with an extractor; waits until one is idle. The extractor
    /// comes back even if `work` panics.
    pub fn with<T>(&self, work: impl FnOnce(&mut Extractor) -> T) -> T {
        let mut borrowed = Borrowed { pool: self, extractor: Some(self.take()) };
        work(borrowed.extractor.as_mut().expect("taken only on drop"))
    }

    fn take(&self) -> Extractor {
        let mut idle = self.lock();
        loop {
            if let Some(extractor) = idle.pop() {
                return extractor;
            }
            idle = self.returned.wait(idle).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Extractor>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Borrowed<'a> {
    pool: &'a ExtractorPool,
    extractor: Option<Extractor>,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        if let Some(extractor) = self.extractor.take() {
            self.pool.lock().push(extractor);
            self.pool.returned.notify_one();
        }
    }
}
