//! The nightly batch: measure new dogs, drop those that are gone, publish.
//!
//! Each dog is committed to the store as soon as it is measured, so an interrupted batch resumes
//! where it stopped. What takes a dog away is committed last, once the batch knows that it does not
//! lose too many. Servers see nothing until the new catalogue is moved into place.

mod error;
mod known;
mod losses;
mod report;
mod work;

use chrono::Utc;
use mungpy_core::temperament::Questionnaire;
use mungpy_source::{DogSource, ListRequest, ListedDog, Listing};

use crate::{
    catalogue::{Catalogue, CatalogueError, DataDir, DogRecord, Entry, Rejection, Store},
    extract::{self, Extractor, Workers},
};
pub use error::BatchError;
use known::Known;
pub use losses::{DEFAULT_MAX_LOSS, Losses};
pub use report::{BatchReport, Refusal};
use work::Outcome;

/// Number of dogs between two flushes of the store.
const FLUSH_EVERY: usize = 64;

/// The inputs of a batch.
pub struct Batch<'a> {
    /// The source of dogs.
    pub source: &'a dyn DogSource,
    /// The directory for the results.
    pub data_dir: &'a DataDir,
    /// The questionnaire that defines the traits.
    pub questionnaire: &'a Questionnaire,
    /// Threads that measure dogs.
    pub workers: Workers,
    /// Whether an empty source may empty the catalogue.
    pub allow_empty: bool,
    /// Share of the dogs, from 0 to 1, that may be lost in one batch.
    pub max_loss: f64,
}

/// The dogs that can be matched, and what must wait until the losses are known.
struct Harvest {
    /// Version of the models.
    version: String,
    dogs: Vec<DogRecord>,
    /// Refusals of dogs that could be matched until now.
    refused: Vec<Rejection>,
}

impl Batch<'_> {
    /// Runs the batch, and calls `progress` with the numbers of finished and of all dogs.
    pub fn run(
        &self,
        extractor: Extractor,
        progress: impl FnMut(usize, usize),
    ) -> Result<BatchReport, BatchError> {
        let mut listing = self.source.list(&ListRequest::all(self.questionnaire))?;
        let store = self.data_dir.open_store()?;
        self.data_dir.clear_partial(&store)?;
        let published = Catalogue::read(&self.data_dir.catalogue_path()).ok();
        let known = Known::gather(&store, published)?;
        let is_empty = listing.dogs.is_empty() && listing.unlisted.is_empty();
        if is_empty && !known.is_empty() && !self.allow_empty {
            return Err(BatchError::SourceEmpty { name: self.source.name(), known: known.len() });
        }
        // The store is open by now, whose threads reserve memory as well.
        extract::check_memory(self.workers.count.min(listing.dogs.len()))?;
        let mut report = BatchReport::default();
        report.refusals.extend(std::mem::take(&mut listing.faults).into_iter().map(Refusal::from));
        let harvest = self.measure(&listing, &known, &store, extractor, &mut report, progress)?;
        let losses = Losses::of(&known, &listing, &harvest.dogs);
        if !(is_empty && self.allow_empty) && losses.exceed(self.max_loss) {
            // What was measured is worth keeping all the same.
            store.flush()?;
            return Err(BatchError::CatalogueShrinks {
                name: self.source.name(),
                losses,
                max_loss: self.max_loss,
                often: report.most_frequent_refusal(),
            });
        }
        take_away(&store, &known, &listing, harvest.refused, &mut report)?;
        self.publish(&store, harvest.dogs, harvest.version, &mut report)?;
        Ok(report)
    }

    /// Distributes the dogs over the workers and commits the results.
    fn measure(
        &self,
        listing: &Listing,
        known: &Known,
        store: &Store,
        extractor: Extractor,
        report: &mut BatchReport,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Harvest, BatchError> {
        let version = extractor.version().to_owned();
        let mut harvest = Harvest { version, dogs: Vec::new(), refused: Vec::new() };
        let mut done = 0;
        let dogs = &listing.dogs;
        let batch_size = self.workers.batch_size;
        let work = |extractor: &mut Extractor, dogs: &[ListedDog]| {
            work::process(extractor, dogs, known, batch_size)
        };
        extract::for_each_batch(extractor, self.workers, dogs, work, |number, outcome| {
            commit(store, &dogs[number].dog_id, outcome, known, &mut harvest, report)?;
            done += 1;
            if done % FLUSH_EVERY == 0 {
                store.flush()?;
            }
            progress(done, dogs.len());
            Ok::<_, BatchError>(())
        })?;
        let known_still = |dog_id: &String| known.dog(dog_id, &harvest.version).cloned();
        let unlisted: Vec<_> = listing.unlisted.iter().filter_map(known_still).collect();
        harvest.dogs.extend(unlisted);
        harvest.dogs.sort_by(|a, b| a.dog_id.cmp(&b.dog_id));
        Ok(harvest)
    }

    fn publish(
        &self,
        store: &Store,
        dogs: Vec<DogRecord>,
        model_version: String,
        report: &mut BatchReport,
    ) -> Result<(), BatchError> {
        let path = self.data_dir.catalogue_path();
        let current = Catalogue::read(&path).ok();
        report.dogs = dogs.len();
        if let Some(current) = current.filter(|current| current.dogs_equal(&dogs, &model_version)) {
            report.version = current.version;
            return Ok(());
        }
        report.version = store.version()? + 1;
        store.set_version(report.version)?;
        store.flush()?;
        Catalogue { version: report.version, published_at: Utc::now(), model_version, dogs }
            .publish(&path)?;
        report.published = true;
        Ok(())
    }
}

/// Commits the outcome for one dog to the store, unless it takes the dog away.
fn commit(
    store: &Store,
    dog_id: &str,
    outcome: Outcome,
    known: &Known,
    harvest: &mut Harvest,
    report: &mut BatchReport,
) -> Result<(), CatalogueError> {
    match outcome {
        Outcome::Unchanged(Entry::Dog(record)) => {
            report.unchanged += 1;
            harvest.dogs.push(*record);
        }
        Outcome::Unchanged(Entry::Rejected(rejection)) => report.refuse(&rejection),
        Outcome::Updated(record) => {
            report.updated += 1;
            harvest.dogs.push(put(store, record)?);
        }
        Outcome::Enrolled(record) => {
            report.enrolled += 1;
            harvest.dogs.push(put(store, record)?);
        }
        Outcome::Rejected(rejection) => {
            report.refuse(&rejection);
            if known.is_matched(dog_id) {
                harvest.refused.push(rejection);
            } else {
                store.put(&Entry::Rejected(rejection))?;
            }
        }
        Outcome::Failed { reason, message } => {
            report.refusals.push(Refusal::new(dog_id, reason, &message));
            harvest.dogs.extend(known.dog(dog_id, &harvest.version).cloned());
        }
    }
    Ok(())
}

fn put(store: &Store, record: Box<DogRecord>) -> Result<DogRecord, CatalogueError> {
    store.put(&Entry::Dog(record.clone()))?;
    Ok(*record)
}

/// Commits what takes dogs away: refusals of dogs that could be matched, and dogs that the source
/// no longer lists.
fn take_away(
    store: &Store,
    known: &Known,
    listing: &Listing,
    refused: Vec<Rejection>,
    report: &mut BatchReport,
) -> Result<(), CatalogueError> {
    for rejection in refused {
        store.put(&Entry::Rejected(rejection))?;
    }
    for entry in known.absent_from(listing) {
        store.remove(entry.dog_id())?;
        report.removed += usize::from(matches!(entry, Entry::Dog(_)));
    }
    store.flush()
}
