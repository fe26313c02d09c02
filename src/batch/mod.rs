//! The nightly batch: measure new dogs, drop those that are gone, publish.
//!
//! Each dog is committed to the store as soon as it is measured, so an interrupted batch resumes
//! where it stopped. Servers see nothing until the new catalogue is moved into place.

mod error;
mod report;
mod work;

use std::collections::HashMap;

use chrono::Utc;
use mungpy_core::temperament::Questionnaire;

use crate::{
    catalogue::{
        Catalogue, CatalogueError, DataDir, DogRecord, DogSource, Entry, ListedDog, Store,
    },
    extract::{self, Extractor},
};
pub use error::BatchError;
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
    /// Threads that measure dogs, at least one.
    pub workers: usize,
    /// Whether an empty source may empty the catalogue.
    pub allow_empty: bool,
}

impl Batch<'_> {
    /// Runs the batch, and calls `progress` with the numbers of finished and of all dogs.
    pub fn run(
        &self,
        extractor: Extractor,
        progress: impl FnMut(usize, usize),
    ) -> Result<BatchReport, BatchError> {
        let listing = self.source.list(self.questionnaire)?;
        let store = self.data_dir.open_store()?;
        let mut known: HashMap<String, Entry> =
            store.entries()?.into_iter().map(|entry| (entry.dog_id().to_owned(), entry)).collect();
        if listing.dogs.is_empty() && !known.is_empty() && !self.allow_empty {
            return Err(BatchError::SourceEmpty { name: self.source.name(), known: known.len() });
        }
        let mut report = BatchReport::default();
        report.refusals.extend(listing.faults.into_iter().map(Refusal::from));
        let model_version = extractor.version().to_owned();
        let dogs = self.measure(&listing.dogs, &known, &store, extractor, &mut report, progress)?;
        for dog in &listing.dogs {
            known.remove(&dog.dog_id);
        }
        for (dog_id, entry) in &known {
            store.remove(dog_id)?;
            report.removed += usize::from(matches!(entry, Entry::Dog(_)));
        }
        store.flush()?;
        self.publish(&store, dogs, model_version, &mut report)?;
        Ok(report)
    }

    /// Distributes the dogs over the workers and commits the results.
    fn measure(
        &self,
        dogs: &[ListedDog],
        known: &HashMap<String, Entry>,
        store: &Store,
        extractor: Extractor,
        report: &mut BatchReport,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Vec<DogRecord>, BatchError> {
        let mut usable = Vec::new();
        let mut done = 0;
        let work = |extractor: &mut Extractor, dog: &ListedDog| {
            work::process(extractor, dog, known.get(&dog.dog_id))
        };
        extract::for_each_parallel(extractor, self.workers, dogs, work, |number, outcome| {
            usable.extend(commit(store, &dogs[number], outcome, known, report)?);
            done += 1;
            if done % FLUSH_EVERY == 0 {
                store.flush()?;
            }
            progress(done, dogs.len());
            Ok::<_, BatchError>(())
        })?;
        usable.sort_by(|a, b| a.dog_id.cmp(&b.dog_id));
        Ok(usable)
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

/// Commits the outcome for one dog to the store; returns the dog if it can be matched.
fn commit(
    store: &Store,
    dog: &ListedDog,
    outcome: Outcome,
    known: &HashMap<String, Entry>,
    report: &mut BatchReport,
) -> Result<Option<DogRecord>, CatalogueError> {
    let entry = match outcome {
        Outcome::Unchanged(entry) => {
            report.unchanged += usize::from(matches!(entry, Entry::Dog(_)));
            entry
        }
        Outcome::Updated(entry) => {
            store.put(&entry)?;
            report.updated += 1;
            entry
        }
        Outcome::Enrolled(entry) => {
            store.put(&entry)?;
            report.enrolled += 1;
            entry
        }
        Outcome::Rejected(rejection) => {
            let entry = Entry::Rejected(rejection);
            store.put(&entry)?;
            entry
        }
        Outcome::Failed { reason, message } => {
            report.refusals.push(Refusal::new(&dog.dog_id, reason, &message));
            match known.get(&dog.dog_id) {
                Some(entry) => entry.clone(),
                None => return Ok(None),
            }
        }
    };
    match entry {
        Entry::Dog(record) => Ok(Some(*record)),
        Entry::Rejected(rejection) => {
            report.refusals.push(Refusal::new(
                &rejection.dog_id,
                rejection.reason,
                &rejection.message,
            ));
            Ok(None)
        }
    }
}
