//! What earlier batches found out.

use std::collections::{BTreeMap, HashMap};

use super::source::Roster;
use crate::catalogue::{Catalogue, CatalogueError, DogRecord, Entry, SourceState, Store, Trial};

/// What is known about each dog, by its id, and about each source, by its name.
pub(super) struct Known {
    entries: HashMap<String, Entry>,
    trials: BTreeMap<String, Trial>,
    states: HashMap<String, SourceState>,
}

impl Known {
    /// Gathers what the store knows. What it has lost, as it may have with a damaged disk, is taken
    /// from the published catalogue and put back, and so is its version.
    pub(super) fn gather(
        store: &Store,
        published: Option<Catalogue>,
    ) -> Result<Self, CatalogueError> {
        let entries = store.entries()?.into_iter();
        let entries = entries.map(|entry| (entry.dog_id().to_owned(), entry)).collect();
        let mut known = Self { entries, trials: store.trials()?, states: store.states()? };
        let Some(published) = published else { return Ok(known) };
        if published.version > store.version()? {
            store.set_version(published.version)?;
        }
        for record in published.dogs {
            if !known.entries.contains_key(&record.dog_id) {
                let dog_id = record.dog_id.clone();
                let entry = Entry::Dog(Box::new(record));
                store.put(&entry)?;
                known.entries.insert(dog_id, entry);
            }
        }
        Ok(known)
    }

    /// What is known about a dog.
    pub(super) fn get(&self, dog_id: &str) -> Option<&Entry> {
        self.entries.get(dog_id)
    }

    /// What a dog measured, if that was with these models.
    pub(super) fn dog(&self, dog_id: &str, model_version: &str) -> Option<&DogRecord> {
        match self.get(dog_id)? {
            Entry::Dog(record) if record.model_version == model_version => Some(record),
            _ => None,
        }
    }

    /// The last failure of a dog.
    pub(super) fn trial(&self, dog_id: &str) -> Option<&Trial> {
        self.trials.get(dog_id)
    }

    /// Dogs that failed, by id.
    pub(super) fn trials(&self) -> impl Iterator<Item = (&String, &Trial)> {
        self.trials.iter()
    }

    /// When a source was last listed.
    pub(super) fn state(&self, source: &str) -> Option<&SourceState> {
        self.states.get(source)
    }

    /// Whether a dog could be matched until now.
    pub(super) fn is_matched(&self, dog_id: &str) -> bool {
        matches!(self.get(dog_id), Some(Entry::Dog(_)))
    }

    /// All dogs that could be matched until now.
    pub(super) fn matched(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().filter(|entry| matches!(entry, Entry::Dog(_)))
    }

    /// What is known about dogs that are gone.
    pub(super) fn absent_from(&self, roster: &Roster) -> impl Iterator<Item = &Entry> {
        self.entries.values().filter(move |entry| roster.lacks(entry))
    }

    /// The dogs that are known from a source. A store of version 0.2 knew only one.
    pub(super) fn of_source(&self, source: &str) -> impl Iterator<Item = &Entry> {
        let of = move |entry: &&Entry| entry.source() == source || entry.source().is_empty();
        self.entries.values().filter(of)
    }

    /// All entries.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }
}
