//! The batch at its fixed time, on its own or beside a server.

use std::panic::{self, AssertUnwindSafe};

use chrono::Utc;
use mungpy_core::{face::Species, reason::WithReason};
use mungpy_schedule::{JobEnd, Schedule, Scheduler, Stop, SystemClock, Trigger};
use mungpy_source::web::WebClient;

use super::{Batch, BatchReport, BatchSource, Extractor, Failure, RunOptions, Workers, sources};
use crate::{
    batch::{BatchError, History},
    settings::{Layers, Settings},
};

/// How much more patient the batch is than the server beside it, in steps of `nice`.
const NICE: i32 = 10;

/// The batch at its fixed time.
pub(in crate::cli) struct Nightly {
    layers: Layers,
    schedule: Schedule,
    sources: Vec<BatchSource>,
    web: WebClient,
    workers: Workers,
}

impl Nightly {
    /// Checks everything that settings can get wrong, so that nothing is found wrong at night.
    pub(in crate::cli) fn new(layers: Layers, workers: Workers) -> Result<Self, Failure> {
        let schedule = layers.batch.schedule()?;
        let web = sources::web(&layers)?;
        let sources = sources::all(&layers, &web)?;
        Ok(Self { layers, schedule, sources, web, workers })
    }

    /// Runs the batch whenever it is due, until `stop` is requested.
    pub(in crate::cli) fn run(&self, settings: &Settings, stop: &Stop) {
        // Threads that the batch starts inherit it.
        if let Err(error) = rustix::process::nice(NICE) {
            tracing::warn!(%error, "the batch runs as urgently as everything else");
        }
        let history = History::of(&settings.data_dir);
        let next = self.schedule.after(Utc::now());
        tracing::info!(schedule = %self.schedule, %next, "the batch runs at its fixed time");
        Scheduler::new(self.schedule.clone(), SystemClock).run(
            || history.last_complete(),
            stop,
            |trigger, stop| self.once(settings, trigger, stop),
        );
    }

    fn once(&self, settings: &Settings, trigger: Trigger, stop: &Stop) -> JobEnd {
        tracing::info!(%trigger, "batch begins");
        // A bug in one run must not end all later ones.
        let attempt = || self.attempt(settings, trigger, stop);
        let Ok(attempt) = panic::catch_unwind(AssertUnwindSafe(attempt)) else {
            tracing::error!("batch panicked");
            return JobEnd::Failed;
        };
        let end = match attempt {
            Ok(report) => {
                let (version, dogs) = (report.version, report.dogs);
                let (enrolled, removed) = (report.enrolled, report.removed);
                let rejected = report.refusals.len();
                tracing::info!(version, dogs, enrolled, removed, rejected, "batch ended");
                // A source that failed is asked again sooner than in the next night.
                if report.failed_sources.is_empty() { JobEnd::Done } else { JobEnd::Failed }
            }
            Err(error @ BatchError::Cancelled { .. }) => {
                tracing::warn!(%error, "batch stopped");
                return JobEnd::Done;
            }
            Err(error) => {
                tracing::error!(reason = %error.reason(), %error, "batch failed");
                JobEnd::Failed
            }
        };
        let next = self.schedule.after(Utc::now());
        tracing::info!(%next, "the batch waits");
        end
    }

    fn attempt(
        &self,
        settings: &Settings,
        trigger: Trigger,
        stop: &Stop,
    ) -> Result<BatchReport, BatchError> {
        let extractor = Extractor::load(Species::Dog, &settings.models)?;
        let batch = Batch {
            sources: &self.sources,
            data_dir: &settings.data_dir,
            questionnaire: &settings.questionnaire,
            persons: &settings.persons(),
            workers: self.workers,
            web: &self.web,
            options: RunOptions {
                max_loss: self.layers.max_loss(),
                kept: self.layers.kept(),
                fetches: self.layers.batch.fetches(),
                trigger: trigger.to_string(),
                ..RunOptions::default()
            },
        };
        batch.run(extractor, stop, |_, _| {})
    }
}
