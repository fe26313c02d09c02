//! What earlier batches found out.

use std::collections::{HashMap, HashSet};

use mungpy_source::Listing;

use crate::catalogue::{Catalogue, CatalogueError, DogRecord, Entry, Store};

/// What is known about each dog, by its id.
pub(super) struct Known {
    entries: HashMap<String, Entry>,
}

impl Known {
    /// Gathers what the store knows. What it has lost, as it may have with a damaged disk, is taken
    /// from the published catalogue and put back, and so is its version.
    pub(super) fn gather(
        store: &Store,
        published: Option<Catalogue>,
    ) -> Result<Self, CatalogueError> {
        let entries = store.entries()?.into_iter();
        let mut entries: HashMap<String, Entry> =
            entries.map(|entry| (entry.dog_id().to_owned(), entry)).collect();
        let Some(published) = published else { return Ok(Self { entries }) };
        if published.version > store.version()? {
            store.set_version(published.version)?;
        }
        for record in published.dogs {
            if !entries.contains_key(&record.dog_id) {
                let dog_id = record.dog_id.clone();
                let entry = Entry::Dog(Box::new(record));
                store.put(&entry)?;
                entries.insert(dog_id, entry);
            }
        }
        Ok(Self { entries })
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

    /// Whether a dog could be matched until now.
    pub(super) fn is_matched(&self, dog_id: &str) -> bool {
        matches!(self.get(dog_id), Some(Entry::Dog(_)))
    }

    /// Ids of all dogs that could be matched until now.
    pub(super) fn matched(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str).filter(|dog_id| self.is_matched(dog_id))
    }

    /// What is known about dogs that the source no longer lists.
    pub(super) fn absent_from(&self, listing: &Listing) -> impl Iterator<Item = &Entry> {
        let listed = ids_of(listing);
        self.entries.values().filter(move |entry| !listed.contains(entry.dog_id()))
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Ids of all dogs that the source has, also of those whose photos could not be listed.
pub(super) fn ids_of(listing: &Listing) -> HashSet<&str> {
    let listed = listing.dogs.iter().map(|dog| dog.dog_id.as_str());
    listed.chain(listing.unlisted.iter().map(String::as_str)).collect()
}
