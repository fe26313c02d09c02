//! The batch at its fixed time, on its own or beside a server.

use std::panic::{self, AssertUnwindSafe};

use chrono::Utc;
use mungpy_core::{face::Species, reason::WithReason};
use mungpy_schedule::{JobEnd, Schedule, Scheduler, Stop, SystemClock, Trigger};
use mungpy_source::{pushed::PushedSource, web::WebClient};

use super::{Batch, BatchReport, BatchSource, Extractor, Failure, RunOptions, Workers, sources};
use crate::{
    batch::{BatchControl, BatchError, History},
    catalogue::DataDir,
    settings::{Layers, Settings},
};
use sources::Pushed;

/// How much more patient the batch is than the server beside it, in steps of `nice`.
const NICE: i32 = 10;

/// The batch at its fixed time.
pub(in crate::cli) struct Nightly {
    layers: Layers,
    schedule: Schedule,
    /// The last one may be that of pushed dogs, which counts when there are any.
    sources: Vec<BatchSource>,
    pushed: PushedSource,
    web: WebClient,
    workers: Workers,
    control: Option<BatchControl>,
}

impl Nightly {
    /// Checks everything that settings can get wrong, so that nothing is found wrong at night.
    pub(in crate::cli) fn new(
        layers: Layers,
        data_dir: &DataDir,
        workers: Workers,
    ) -> Result<Self, Failure> {
        let has_source = !layers.sources.is_empty() || layers.batch.source.is_some();
        Self::with(
            layers,
            data_dir,
            workers,
            if has_source { Pushed::Always } else { Pushed::IfAny },
        )
    }

    /// The same beside a server, which takes dogs and whose callers control the batch. No other
    /// source need be configured.
    pub(in crate::cli) fn beside_server(
        layers: Layers,
        data_dir: &DataDir,
        workers: Workers,
        control: BatchControl,
    ) -> Result<Self, Failure> {
        let nightly = Self::with(layers, data_dir, workers, Pushed::Always)?;
        if nightly.sources.len() == 1 {
            tracing::warn!("no source is configured: the batch measures pushed dogs alone");
        }
        Ok(Self { control: Some(control), ..nightly })
    }

    fn with(
        layers: Layers,
        data_dir: &DataDir,
        workers: Workers,
        pushed: Pushed,
    ) -> Result<Self, Failure> {
        let schedule = layers.batch.schedule()?;
        let web = sources::web(&layers)?;
        let sources = sources::all(&layers, data_dir, &web, pushed)?;
        let pushed = PushedSource::new(&data_dir.pushed_path());
        Ok(Self { layers, schedule, sources, pushed, web, workers, control: None })
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
        let mut options = RunOptions {
            max_loss: self.layers.max_loss(),
            kept: self.layers.kept(),
            fetches: self.layers.batch.fetches(),
            trigger: trigger.to_string(),
            ..RunOptions::default()
        };
        let control = self.control.as_ref();
        let own = control.map(|control| control.begin(&mut options, stop));
        tracing::info!(trigger = %options.trigger, "batch begins");
        // A bug in one run must not end all later ones.
        let attempt = || self.attempt(settings, options, own.as_ref().unwrap_or(stop));
        let attempt = panic::catch_unwind(AssertUnwindSafe(attempt)).ok();
        if let Some(control) = control {
            control.end(attempt.as_ref(), &History::of(&settings.data_dir));
        }
        let Some(attempt) = attempt else {
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
        options: RunOptions,
        stop: &Stop,
    ) -> Result<BatchReport, BatchError> {
        let extractor = Extractor::load(Species::Dog, &settings.models)?;
        let batch = Batch {
            sources: self.current_sources(),
            data_dir: &settings.data_dir,
            questionnaire: &settings.questionnaire,
            persons: &settings.persons(),
            workers: self.workers,
            web: &self.web,
            options,
        };
        let mut progress = self.control.as_ref().map(BatchControl::progress);
        batch.run(extractor, stop, |done, all| {
            if let Some(progress) = &mut progress {
                progress(done, all);
            }
        })
    }

    /// The sources, without that of pushed dogs as long as there are none.
    fn current_sources(&self) -> &[BatchSource] {
        match self.sources.split_last() {
            Some((last, others))
                if last.name == PushedSource::NAME
                    && !others.is_empty()
                    && !self.pushed.has_dogs() =>
            {
                others
            }
            _ => &self.sources,
        }
    }
}
