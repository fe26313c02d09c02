//! How often the most frequent dog was answered.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, registry::Registry};

use crate::{
    answers::{AnswersOfDay, DogAnswers},
    instruments::constant,
};

/// The answers of the last day.
pub(super) struct Hub {
    start: Instant,
    day: Mutex<AnswersOfDay>,
    all: AtomicU64,
}

impl Hub {
    pub(super) fn new(registry: &mut Registry) -> Arc<Self> {
        let hub =
            Arc::new(Self { start: Instant::now(), day: Mutex::default(), all: AtomicU64::new(0) });
        registry.register_collector(Box::new(Scrape(Arc::clone(&hub))));
        hub
    }

    pub(super) fn answered(&self, dog: &str) {
        self.all.fetch_add(1, Ordering::Relaxed);
        self.day().count(dog, self.hour());
    }

    pub(super) fn most(&self, n: usize) -> Vec<DogAnswers> {
        self.day().most(n, self.hour())
    }

    /// Answers since the start.
    pub(super) fn all(&self) -> u64 {
        self.all.load(Ordering::Relaxed)
    }

    /// Answers of the last day.
    pub(super) fn of_day(&self) -> u64 {
        self.day().summary(self.hour()).all
    }

    fn day(&self) -> MutexGuard<'_, AnswersOfDay> {
        self.day.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hour(&self) -> u64 {
        self.start.elapsed().as_secs() / 3600
    }
}

struct Scrape(Arc<Hub>);

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hub")
    }
}

impl Collector for Scrape {
    /// No dog is a label, because there are hundreds of thousands.
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let summary = self.0.day().summary(self.0.hour());
        let help = "Answers of the last day that named the most frequent dog first";
        constant(&mut encoder, "mungpy_dog_answers", help, summary.most)?;
        let help = "All answers of the last day";
        constant(&mut encoder, "mungpy_dog_answers_all", help, summary.all)?;
        let help = "Different dogs that the answers of the last day named first";
        constant(&mut encoder, "mungpy_dog_answers_dogs", help, summary.dogs)
    }
}
