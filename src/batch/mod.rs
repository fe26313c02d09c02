//! The nightly batch: measure new dogs, drop those that are gone, publish.
//!
//! ```text
//! sources ─▶ roster ─▶ preparation ─▶ workers ─▶ store ─▶ catalogue
//!            who        compare,       decode,    one dog   published
//!            is there   fetch          measure    each      as a whole
//! ```
//!
//! Each dog is committed to the store as soon as it is measured, so an interrupted batch resumes
//! where it stopped. What takes a dog away is committed last, once the batch knows that it does not
//! lose too many. Servers see nothing until the new catalogue is moved into place.

mod control;
mod error;
mod harvest;
mod history;
mod known;
mod losses;
mod outcome;
mod plan;
mod preparation;
mod report;
mod source;
mod work;

use std::sync::{
    atomic::{AtomicBool, AtomicUsize, Ordering},
    mpsc,
};
use std::thread;

use chrono::{DateTime, Utc};
use mungpy_core::{resemblance::Population, temperament::Questionnaire};
use mungpy_schedule::Stop;
use mungpy_source::web::WebClient;

use crate::{
    catalogue::{Catalogue, DataDir, DogRecord, SearchTables, Store},
    extract::{self, Extractor, Workers},
};
pub use control::{BatchControl, ControlError, RunRequest, WatchedRun};
pub use error::BatchError;
use harvest::Harvest;
pub use history::{History, Run, RunEnd};
use known::Known;
pub use losses::{DEFAULT_MAX_LOSS, Losses};
pub use plan::BatchPlan;
use preparation::{Preparation, Ready};
pub use report::{BatchReport, Refusal};
pub use source::BatchSource;
use source::{Listed, Occasion, Roster};

/// Number of dogs between two flushes of the store.
const FLUSH_EVERY: usize = 64;
/// Catalogues that are kept beside the published one unless another number is set.
pub const DEFAULT_KEPT: usize = 5;
/// Photos that are fetched at a time unless another number is set.
pub const DEFAULT_FETCHES: usize = 16;

/// Most photos that are fetched at a time.
const MAX_FETCHES: usize = 256;

/// The inputs of a batch.
pub struct Batch<'a> {
    /// The sources of dogs.
    pub sources: &'a [BatchSource],
    /// The directory for the results.
    pub data_dir: &'a DataDir,
    /// The questionnaire that defines the traits.
    pub questionnaire: &'a Questionnaire,
    /// The population of persons that the catalogue is searched for.
    pub persons: &'a Population,
    /// Threads that measure dogs.
    pub workers: Workers,
    /// Fetches the photos that are no files.
    pub web: &'a WebClient,
    /// How this run differs from the nightly one.
    pub options: RunOptions,
}

/// What may differ between runs.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Whether an empty source may empty the catalogue.
    pub allow_empty: bool,
    /// Share of the dogs, from 0 to 1, that may be lost in one batch.
    pub max_loss: f64,
    /// Number of dogs that are measured at most; the others wait for the next run.
    pub limit: Option<usize>,
    /// Whether dogs are measured again although nothing has changed.
    pub force: bool,
    /// Whether all sources list all their dogs, as some tell only what has changed otherwise.
    pub full: bool,
    /// Asks sources that can only for what has changed since then.
    pub since: Option<DateTime<Utc>>,
    /// Catalogues that are kept beside the published one.
    pub kept: usize,
    /// Photos that are fetched at a time, at least one.
    pub fetches: usize,
    /// What starts the run, for the history.
    pub trigger: String,
    /// When the run began, for the history; now, if it is not set.
    pub started_at: Option<DateTime<Utc>>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            allow_empty: false,
            max_loss: DEFAULT_MAX_LOSS,
            limit: None,
            force: false,
            full: false,
            since: None,
            kept: DEFAULT_KEPT,
            fetches: DEFAULT_FETCHES,
            trigger: "manual".to_owned(),
            started_at: None,
        }
    }
}

impl RunOptions {
    /// Whether the run may leave out what another would do.
    fn is_part(&self) -> bool {
        self.limit.is_some() || self.since.is_some()
    }

    /// The run as it begins.
    fn run(&self) -> Run {
        Run::begun(&self.trigger, self.is_part(), self.started_at.unwrap_or_else(Utc::now))
    }
}

impl Batch<'_> {
    /// Runs the batch, and calls `progress` with the numbers of finished and of all dogs. Once
    /// `stop` is requested, the run ends with [`BatchError::Cancelled`] and publishes nothing; the next
    /// one goes on where it was.
    pub fn run(
        &self,
        extractor: Extractor,
        stop: &Stop,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<BatchReport, BatchError> {
        let store = self.data_dir.open_store()?;
        self.data_dir.clear_partial(&store)?;
        let mut journal = History::of(self.data_dir).begin(self.options.run())?;
        let mut reached = (0, 0);
        let result = self.work(&store, extractor, stop, &mut |done, all| {
            reached = (done, all);
            progress(done, all);
            if stop.is_requested() {
                return Err(BatchError::Cancelled { done, listed: all });
            }
            if done % FLUSH_EVERY == 0 {
                store.flush()?;
                journal.progress(done, all)?;
            }
            Ok(())
        });
        let flushed = store.flush();
        if let Err(error) = journal.end(&result, reached) {
            tracing::warn!(%error, "the run is missing from the history");
        }
        result.and_then(|report| flushed.map(|()| report).map_err(BatchError::from))
    }

    /// What a run would do now. It lists the sources and measures nothing.
    pub fn plan(&self, model_version: &str) -> Result<BatchPlan, BatchError> {
        let store = self.data_dir.open_store()?;
        let (known, roster) = self.call_roll(&store, model_version, &Stop::new())?;
        Ok(BatchPlan::of(&known, &roster, model_version))
    }

    fn work(
        &self,
        store: &Store,
        extractor: Extractor,
        stop: &Stop,
        progress: &mut impl FnMut(usize, usize) -> Result<(), BatchError>,
    ) -> Result<BatchReport, BatchError> {
        let version = extractor.version().to_owned();
        let (known, mut roster) = self.call_roll(store, &version, stop)?;
        // The store is open by now, whose threads reserve memory as well.
        extract::check_memory(self.workers.count.min(roster.dogs.len()))?;
        let mut harvest = Harvest::new(store, &known, &version);
        harvest.report.note(std::mem::take(&mut roster.faults));
        harvest.report.failed_sources = std::mem::take(&mut roster.failed);
        self.measure(&roster, &known, extractor, stop, &mut harvest, progress)?;
        harvest.report.sort();
        harvest.keep_unlisted(&roster);
        if !(roster.is_empty() && self.options.allow_empty) {
            self.check_losses(&known, &roster, &harvest)?;
        }
        harvest.take_away(&roster)?;
        let Harvest { dogs, mut report, .. } = harvest;
        // The current catalogue is read next, so what is no longer needed makes room.
        drop(known);
        self.publish(store, dogs, version, &mut report)?;
        // A run that has seen only a part must not tell the next one that it has seen all.
        if report.deferred == 0 && self.options.since.is_none() {
            for (source, state) in &roster.states {
                store.put_state(source, state)?;
            }
        }
        let names: Vec<&str> = self.sources.iter().map(|source| source.name.as_str()).collect();
        store.keep_states(&names)?;
        Ok(report)
    }

    /// Refuses to lose more than a share of all dogs, or of the dogs of one source.
    fn check_losses(
        &self,
        known: &Known,
        roster: &Roster,
        harvest: &Harvest<'_>,
    ) -> Result<(), BatchError> {
        let max_loss = self.options.max_loss;
        let failed = |name: &str, losses| BatchError::CatalogueShrinks {
            name: name.to_owned(),
            losses,
            max_loss,
            often: harvest.report.most_frequent_refusal(),
        };
        let all = Losses::of(known, roster, &harvest.dogs);
        if all.exceed(max_loss) {
            let names = self.sources.iter().map(|source| source.source.name());
            return Err(failed(&names.collect::<Vec<_>>().join(", "), all));
        }
        let by_source = Losses::by_source(known, roster, &harvest.dogs);
        match by_source.into_iter().find(|(_, losses)| losses.exceed(max_loss)) {
            Some((source, losses)) => Err(failed(source, losses)),
            None => Ok(()),
        }
    }

    fn call_roll(
        &self,
        store: &Store,
        version: &str,
        stop: &Stop,
    ) -> Result<(Known, Roster), BatchError> {
        let published = Catalogue::read(&self.data_dir.catalogue_path()).ok();
        let known = Known::gather(store, published)?;
        let occasion = Occasion {
            questionnaire: self.questionnaire,
            now: Utc::now(),
            model_version: version,
            since: self.options.since,
            full: self.options.full || self.options.force,
            allow_empty: self.options.allow_empty,
            stop,
        };
        let roster = Roster::call(self.sources, &known, &occasion)?;
        Ok((known, roster))
    }

    /// Prepares the dogs on some threads, measures them on others, and commits the results on this
    /// one.
    fn measure(
        &self,
        roster: &Roster,
        known: &Known,
        extractor: Extractor,
        stop: &Stop,
        harvest: &mut Harvest<'_>,
        progress: &mut impl FnMut(usize, usize) -> Result<(), BatchError>,
    ) -> Result<(), BatchError> {
        let version = extractor.version().to_owned();
        let preparation = Preparation {
            known,
            version: &version,
            web: self.web,
            folder: &self.data_dir.fetched_path()?,
            now: Utc::now(),
            force: self.options.force,
            left: AtomicUsize::new(self.options.limit.unwrap_or(usize::MAX)),
            stop,
            is_over: AtomicBool::new(false),
        };
        let all = roster.dogs.len();
        let batch_size = self.workers.batch_size;
        let workers = Workers { count: self.workers.count.min(all).max(1), batch_size };
        // Bounded, so that memory and disk depend on what is in flight and not on all dogs.
        let (send, ready) = mpsc::sync_channel(2 * workers.count * batch_size);
        let mut done = 0;
        let next = &AtomicUsize::new(0);
        thread::scope(|scope| {
            for started in 0..self.options.fetches.min(MAX_FETCHES).clamp(1, all.max(1)) {
                let (send, preparation) = (send.clone(), &preparation);
                let work = move || prepare_all(&roster.dogs, next, preparation, &send);
                match thread::Builder::new().spawn_scoped(scope, work) {
                    Ok(_) => {}
                    Err(error) if started > 0 => {
                        tracing::warn!(%error, started, "fewer fetches at a time than asked for");
                        break;
                    }
                    Err(error) => panic!("no thread can be started: {error}"),
                }
            }
            drop(send);
            let work = |extractor: &mut _, dogs| work::process(extractor, dogs, batch_size);
            let items = ready.into_iter();
            let result = extract::for_each_batch(extractor, workers, items, work, |_, found| {
                let (listed, outcome) = found;
                harvest.commit(listed, outcome)?;
                done += 1;
                progress(done, all)
            });
            preparation.is_over.store(result.is_err(), Ordering::Relaxed);
            result
        })
    }

    fn publish(
        &self,
        store: &Store,
        mut dogs: Vec<DogRecord>,
        model_version: String,
        report: &mut BatchReport,
    ) -> Result<(), BatchError> {
        let path = self.data_dir.catalogue_path();
        let current = Catalogue::read(&path).ok();
        report.dogs = dogs.len();
        let is_same = |current: &Catalogue| {
            current.is_for(self.persons) && current.dogs_equal(&dogs, &model_version)
        };
        if let Some(current) = current.as_ref().filter(|current| is_same(current)) {
            report.version = current.version;
            return Ok(());
        }
        let current = current.map(|current| current.version);
        report.version = self.data_dir.next_version(store, current)?;
        store.set_version(report.version)?;
        store.flush()?;
        let tables = Some(SearchTables::assign(self.persons, &mut dogs));
        let (version, published_at) = (report.version, Utc::now());
        let catalogue = Catalogue { version, published_at, model_version, dogs, tables };
        self.data_dir.publish(store, &catalogue, current, self.options.kept)?;
        report.published = true;
        Ok(())
    }
}

/// Prepares dogs until none is left, or nobody takes them.
fn prepare_all<'a>(
    dogs: &'a [Listed],
    next: &AtomicUsize,
    preparation: &Preparation<'_>,
    send: &mpsc::SyncSender<Ready<'a>>,
) {
    while let Some(listed) = dogs.get(next.fetch_add(1, Ordering::Relaxed)) {
        if send.send(preparation.prepare(listed)).is_err() {
            return;
        }
    }
}
