//! Pushed dogs as a source of the batch.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use mungpy_core::reason::Reason;

use super::folder::{self, Folder, GONE, RECORD, Record};
use crate::{
    SourceError, details,
    listing::{DogSource, Fault, ListRequest, ListedDog, Listing},
};

/// Lists the dogs that were pushed.
#[derive(Debug, Clone)]
pub struct PushedSource {
    folder: Folder,
}

impl PushedSource {
    /// Name of the source in records and messages.
    pub const NAME: &'static str = "pushed";

    /// The dogs in a folder, which need not exist.
    pub fn new(root: &Path) -> Self {
        Self { folder: Folder::new(root) }
    }

    /// Whether any dog was pushed, or deleted so lately that a batch may not have seen it.
    pub fn has_dogs(&self) -> bool {
        folder::names(&self.folder.dogs).is_ok_and(|names| {
            names.iter().any(|name| name.ends_with(RECORD) || name.ends_with(GONE))
        })
    }
}

impl DogSource for PushedSource {
    fn name(&self) -> String {
        Self::NAME.to_owned()
    }

    fn list(&self, request: &ListRequest<'_>) -> Result<Listing, SourceError> {
        let unreadable = |path: PathBuf| |source| SourceError::Unreadable { path, source };
        let dogs = &self.folder.dogs;
        let (mut listed, mut deleted) = (BTreeMap::<String, ListedDog>::new(), BTreeSet::new());
        let mut listing = Listing::default();
        for name in folder::names(dogs).map_err(unreadable(dogs.clone()))? {
            let path = dogs.join(&name);
            if name.ends_with(GONE) {
                deleted.extend(folder::read::<String>(&path).ok());
            } else if name.ends_with(RECORD) {
                match folder::read::<Record>(&path) {
                    Ok(record) if record.expires_at.is_some_and(|time| time <= request.now) => {
                        deleted.insert(record.dog_id);
                    }
                    Ok(record) => {
                        listed.insert(record.dog_id.clone(), self.folder.listed(record));
                    }
                    // It was deleted a moment ago.
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => {
                        let message = format!("the record of a pushed dog is damaged: {error}");
                        let (dog_id, reason) = (name, Reason::RowInvalid);
                        listing.faults.push(Fault { dog_id, reason, message });
                        listing.is_incomplete = true;
                    }
                }
            }
        }
        let faults = &mut listing.faults;
        for dog in listed.values_mut() {
            let given = std::mem::take(&mut dog.traits);
            dog.traits = details::known_traits(&dog.dog_id, given, request.questionnaire, faults);
        }
        // A process that was killed between two steps leaves both files; the dog was not deleted.
        deleted.retain(|dog_id| !listed.contains_key(dog_id));
        listing.dogs = listed.into_values().collect();
        listing.deleted = deleted;
        Ok(listing)
    }
}
