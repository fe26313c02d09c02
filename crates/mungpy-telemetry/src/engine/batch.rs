//! The last run of the batch.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mungpy_core::reason::Reason;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet},
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::{
    instruments::{constant, register},
    labels::{DogOutcome, ReasonLabel},
};

/// How a run of the batch ended.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchOutcome {
    /// When it ended.
    pub ended: SystemTime,
    /// How long it took.
    pub duration: Duration,
    /// Whether it published a catalogue, or found nothing to change.
    pub is_success: bool,
    /// Number of dogs by what was done with them, and for the refused ones why.
    pub dogs: Vec<(DogOutcome, Option<Reason>, usize)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DogLabels {
    outcome: DogOutcome,
    reason: ReasonLabel,
}

/// The last run, and the dogs of it.
pub(super) struct Batches {
    last: Arc<Last>,
    dogs: Family<DogLabels, Gauge>,
}

impl Batches {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let last = Arc::new(Last::default());
        registry.register_collector(Box::new(Scrape(Arc::clone(&last))));
        let help = "Dogs of the last run of the batch, by what was done and why";
        Self { last, dogs: register(registry, "mungpy_batch_dogs", help, Family::default()) }
    }

    pub(super) fn ended(&self, outcome: &BatchOutcome) {
        let mut last = self.last.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = outcome.ended.duration_since(UNIX_EPOCH).unwrap_or_default();
        last.run = Some(Run { ended, duration: outcome.duration, is_success: outcome.is_success });
        if outcome.is_success {
            last.success = Some(ended);
        }
        drop(last);
        self.dogs.clear();
        for (outcome, reason, dogs) in &outcome.dogs {
            let labels = DogLabels { outcome: *outcome, reason: ReasonLabel(*reason) };
            self.dogs.get_or_create(&labels).inc_by(*dogs as i64);
        }
    }

    pub(super) fn succeeded(&self, ended: SystemTime) {
        let mut last = self.last.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.success = Some(ended.duration_since(UNIX_EPOCH).unwrap_or_default());
    }
}

/// What is told of the last run; nothing before one.
#[derive(Debug, Default)]
struct Last(Mutex<Runs>);

#[derive(Debug, Default, Clone, Copy)]
struct Runs {
    run: Option<Run>,
    /// End of the last run that succeeded, since 1970.
    success: Option<Duration>,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    /// Since 1970.
    ended: Duration,
    duration: Duration,
    is_success: bool,
}

#[derive(Debug)]
struct Scrape(Arc<Last>);

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let Runs { run, success } = *self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(success) = success {
            let name = "mungpy_batch_last_success_timestamp_seconds";
            let help = "When the last run of the batch that succeeded ended, in seconds since 1970";
            constant(&mut encoder, name, help, success.as_secs_f64())?;
        }
        let Some(run) = run else { return Ok(()) };
        let help = "When the last run of the batch ended, in seconds since 1970";
        let name = "mungpy_batch_last_end_timestamp_seconds";
        constant(&mut encoder, name, help, run.ended.as_secs_f64())?;
        let help = "How long the last run of the batch took, in seconds";
        constant(&mut encoder, "mungpy_batch_duration_seconds", help, run.duration.as_secs_f64())?;
        let help = "Whether the last run of the batch succeeded: 1 or 0";
        constant(&mut encoder, "mungpy_batch_succeeded", help, u64::from(run.is_success))
    }
}
