//! The durable memory of the batch: a sled tree with one entry per dog, one with the dogs that are
//! tried again, and one with the sources.
//!
//! It is a cache of the source. A damaged entry is dropped and rebuilt. A store that was damaged is
//! mended when it is opened, or else set aside and rebuilt.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
};

use sled::{Db, Tree};

use super::{CatalogueError, Entry, SourceState, Trial, opening};

const VERSION_KEY: &[u8] = b"catalogue version";
const LAYOUT_KEY: &[u8] = b"layout";
/// Layout of the store. Version 0.2 wrote none, and its entries are read.
const LAYOUT: u8 = 2;
/// Tree of the dogs that are tried again.
const TRIALS: &str = "trials";
/// Tree of the sources.
const SOURCES: &str = "sources";

/// The store. Only one process at a time can open it: the batch.
pub struct Store {
    path: PathBuf,
    /// Database and tree of entries; `None` only while the store is closed.
    sled: Option<(Db, Tree)>,
    /// Released once sled has closed its files.
    _lock: File,
}

impl Store {
    /// Opens the store in a directory, creating it if necessary.
    pub fn open(path: &Path) -> Result<Self, CatalogueError> {
        let lock = opening::lock(path)?;
        let sled = Some(opening::open(path, &lock)?);
        let store = Self { path: path.to_owned(), sled, _lock: lock };
        store.check_layout()?;
        Ok(store)
    }

    /// Refuses a store that a newer version has written, because it may say what this one would
    /// lose.
    fn check_layout(&self) -> Result<(), CatalogueError> {
        let found = self.db().get(LAYOUT_KEY).map_err(|error| self.error(error))?;
        match found.as_deref() {
            Some(&[LAYOUT]) => Ok(()),
            Some(&[found, ..]) if found > LAYOUT => {
                let path = self.path.clone();
                Err(CatalogueError::StoreOfNewerVersion { path, found, known: LAYOUT })
            }
            _ => {
                let set = self.db().insert(LAYOUT_KEY, &[LAYOUT]);
                set.map(|_| ()).map_err(|error| self.error(error))
            }
        }
    }

    fn named(&self, name: &str) -> Result<Tree, CatalogueError> {
        self.db().open_tree(name).map_err(|error| self.error(error))
    }

    /// The dogs that are tried again, by id. Damaged ones are left out: their source lists them.
    pub fn trials(&self) -> Result<BTreeMap<String, Trial>, CatalogueError> {
        let decoded = self.decoded(TRIALS, Trial::decode)?;
        Ok(decoded.into_iter().collect())
    }

    /// Notes that a dog is tried again.
    pub fn put_trial(&self, trial: &Trial) -> Result<(), CatalogueError> {
        self.write(TRIALS, &trial.dog.dog_id, trial.encode())
    }

    /// Forgets that a dog was to be tried again.
    pub fn remove_trial(&self, dog_id: &str) -> Result<(), CatalogueError> {
        self.named(TRIALS)?.remove(dog_id).map(|_| ()).map_err(|error| self.error(error))
    }

    /// When the sources were listed, by name.
    pub fn states(&self) -> Result<HashMap<String, SourceState>, CatalogueError> {
        let decoded = self.decoded(SOURCES, SourceState::decode)?;
        Ok(decoded.into_iter().collect())
    }

    /// Notes when a source was listed.
    pub fn put_state(&self, source: &str, state: &SourceState) -> Result<(), CatalogueError> {
        self.write(SOURCES, source, state.encode())
    }

    /// Forgets when all other sources than these were listed, so that they list all dogs anew.
    pub fn keep_states(&self, names: &[&str]) -> Result<(), CatalogueError> {
        for name in self.states()?.keys().filter(|name| !names.contains(&name.as_str())) {
            self.named(SOURCES)?.remove(name).map_err(|error| self.error(error))?;
        }
        Ok(())
    }

    fn write(&self, tree: &str, key: &str, value: Vec<u8>) -> Result<(), CatalogueError> {
        self.named(tree)?.insert(key, value).map(|_| ()).map_err(|error| self.error(error))
    }

    fn decoded<T>(
        &self,
        tree: &str,
        decode: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<Vec<(String, T)>, CatalogueError> {
        let mut sound = Vec::new();
        for item in &self.named(tree)? {
            let (key, value) = item.map_err(|error| self.error(error))?;
            let key = String::from_utf8_lossy(&key).into_owned();
            sound.extend(decode(&value).map(|value| (key, value)));
        }
        Ok(sound)
    }

    fn db(&self) -> &Db {
        &self.sled.as_ref().expect("the store is open").0
    }

    fn tree(&self) -> &Tree {
        &self.sled.as_ref().expect("the store is open").1
    }

    /// All intact entries, sorted by dog id. Damaged ones are removed, so the batch rebuilds them.
    pub fn entries(&self) -> Result<Vec<Entry>, CatalogueError> {
        let mut sound = Vec::new();
        for item in self.tree() {
            let (key, value) = item.map_err(|error| self.error(error))?;
            match Entry::decode(&value) {
                Some(entry) if entry.dog_id().as_bytes() == &key[..] => sound.push(entry),
                _ => {
                    tracing::warn!(dog_id = %String::from_utf8_lossy(&key), "damaged entry dropped");
                    self.tree().remove(&key).map_err(|error| self.error(error))?;
                }
            }
        }
        Ok(sound)
    }

    /// Writes an entry, replacing what was known about the dog.
    pub fn put(&self, entry: &Entry) -> Result<(), CatalogueError> {
        self.tree()
            .insert(entry.dog_id(), entry.encode())
            .map(|_| ())
            .map_err(|error| self.error(error))
    }

    /// Removes a dog.
    pub fn remove(&self, dog_id: &str) -> Result<(), CatalogueError> {
        self.tree().remove(dog_id).map(|_| ()).map_err(|error| self.error(error))
    }

    /// Version of the last published catalogue; 0 if there is none.
    pub fn version(&self) -> Result<u64, CatalogueError> {
        let bytes = self.db().get(VERSION_KEY).map_err(|error| self.error(error))?;
        let version =
            bytes.and_then(|bytes| bytes.as_ref().try_into().ok().map(u64::from_be_bytes));
        Ok(version.unwrap_or(0))
    }

    /// Stores the version of the catalogue being published.
    pub fn set_version(&self, version: u64) -> Result<(), CatalogueError> {
        self.db()
            .insert(VERSION_KEY, &version.to_be_bytes())
            .map(|_| ())
            .map_err(|error| self.error(error))
    }

    /// Flushes everything to disk.
    pub fn flush(&self) -> Result<(), CatalogueError> {
        self.db().flush().map(|_| ()).map_err(|error| self.error(error))
    }

    fn error(&self, error: sled::Error) -> CatalogueError {
        CatalogueError::sled(&self.path, error)
    }
}

impl Drop for Store {
    /// sled panics if the disk fails while it closes its files. Whatever matters was flushed before,
    /// or has failed with a reason that must not be lost.
    fn drop(&mut self) {
        let sled = self.sled.take();
        if panic::catch_unwind(AssertUnwindSafe(|| drop(sled))).is_err() {
            tracing::warn!(store = %self.path.display(), "the store was not closed properly");
        }
    }
}
