//! What a run has found so far: committed to the store dog by dog, but for what takes a dog away.

use chrono::Utc;
use mungpy_core::reason::Reason;
use mungpy_source::PhotoPlace;

use super::{
    BatchReport, Refusal,
    known::Known,
    outcome::{Outcome, retold},
    source::{Listed, Roster},
};
use crate::catalogue::{CatalogueError, DogRecord, Entry, Rejection, Store, Trial};

/// The dogs that can be matched, and what must wait until the losses are known.
pub(super) struct Harvest<'a> {
    store: &'a Store,
    known: &'a Known,
    /// Version of the models.
    version: &'a str,
    pub(super) dogs: Vec<DogRecord>,
    /// Refusals of dogs that could be matched until now.
    refused: Vec<Rejection>,
    pub(super) report: BatchReport,
}

impl<'a> Harvest<'a> {
    pub(super) fn new(store: &'a Store, known: &'a Known, version: &'a str) -> Self {
        let (dogs, refused, report) = (Vec::new(), Vec::new(), BatchReport::default());
        Self { store, known, version, dogs, refused, report }
    }

    /// Commits the outcome for one dog to the store, unless it takes the dog away.
    pub(super) fn commit(
        &mut self,
        listed: &Listed,
        outcome: Outcome,
    ) -> Result<(), CatalogueError> {
        let dog_id = &listed.dog.dog_id;
        match outcome {
            Outcome::Unchanged { entry, is_stale } => self.confirm(*entry, is_stale)?,
            Outcome::Updated(record) => {
                self.report.updated += 1;
                self.put(*record)?;
            }
            Outcome::Enrolled { record, missing } => {
                self.report.enrolled += 1;
                self.put(*record)?;
                if let Some((reason, message)) = missing {
                    return self.try_again(listed, reason, message);
                }
            }
            Outcome::Rejected(rejection) => self.reject(*rejection)?,
            Outcome::Failed { reason, message } => {
                self.keep(listed)?;
                return self.try_again(listed, reason, message);
            }
            Outcome::Waiting { reason, message } => {
                self.report.refusals.push(Refusal::new(dog_id, reason, &message));
                return self.keep(listed);
            }
            Outcome::Deferred => {
                self.report.deferred += 1;
                return self.keep(listed);
            }
            Outcome::Broken(error) => return Err(*error),
        }
        match self.known.trial(dog_id) {
            Some(_) => self.store.remove_trial(dog_id),
            None => Ok(()),
        }
    }

    fn confirm(&mut self, entry: Entry, is_stale: bool) -> Result<(), CatalogueError> {
        if is_stale {
            self.store.put(&entry)?;
        }
        match entry {
            Entry::Dog(record) => {
                self.report.unchanged += 1;
                self.dogs.push(*record);
            }
            Entry::Rejected(rejection) => self.report.refuse(&rejection),
        }
        Ok(())
    }

    fn reject(&mut self, rejection: Rejection) -> Result<(), CatalogueError> {
        self.report.refuse(&rejection);
        if self.known.is_matched(&rejection.dog_id) {
            self.refused.push(rejection);
            return Ok(());
        }
        self.store.put(&Entry::Rejected(rejection))
    }

    /// Keeps a dog as it was measured, with what its source says today.
    fn keep(&mut self, listed: &Listed) -> Result<(), CatalogueError> {
        match self.known.dog(&listed.dog.dog_id, self.version) {
            Some(record) => self.put(retold(record, listed)),
            None => Ok(()),
        }
    }

    fn put(&mut self, record: DogRecord) -> Result<(), CatalogueError> {
        let kept = record.as_kept();
        self.store.put(&Entry::Dog(Box::new(record)))?;
        self.dogs.extend(kept);
        Ok(())
    }

    /// Notes that a dog failed and is tried again.
    fn try_again(
        &mut self,
        listed: &Listed,
        reason: Reason,
        message: String,
    ) -> Result<(), CatalogueError> {
        let dog = &listed.dog;
        self.report.refusals.push(Refusal::new(&dog.dog_id, reason, &message));
        // Files are looked at in every run.
        if dog.photos.iter().all(|photo| matches!(photo.place, PhotoPlace::File(_))) {
            return Ok(());
        }
        let attempts = self.known.trial(&dog.dog_id).map_or(0, |trial| trial.attempts);
        let attempts = attempts.saturating_add(1);
        self.store.put_trial(&Trial {
            source: listed.source.to_string(),
            dog: dog.clone(),
            reason,
            message,
            attempts,
            next_try: Trial::next_after(attempts, Utc::now()),
        })
    }

    /// Adds the dogs that are there although no source has listed them in this run.
    pub(super) fn keep_unlisted(&mut self, roster: &Roster) {
        let is_kept = |entry: &&Entry| !roster.lists(entry.dog_id()) && !roster.lacks(entry);
        for entry in self.known.entries().filter(is_kept) {
            self.dogs.extend(self.known.dog(entry.dog_id(), self.version).cloned());
        }
        self.dogs.sort_by(|a, b| a.dog_id.cmp(&b.dog_id));
    }

    /// Commits what takes dogs away: refusals of dogs that could be matched, and dogs that are gone.
    pub(super) fn take_away(&mut self, roster: &Roster) -> Result<(), CatalogueError> {
        for rejection in self.refused.drain(..) {
            self.store.put(&Entry::Rejected(rejection))?;
        }
        for entry in self.known.absent_from(roster) {
            self.store.remove(entry.dog_id())?;
            self.report.removed += usize::from(matches!(entry, Entry::Dog(_)));
        }
        for (dog_id, trial) in self.known.trials() {
            if roster.lacks_trial(dog_id, &trial.source) {
                self.store.remove_trial(dog_id)?;
            }
        }
        self.store.flush()
    }
}
