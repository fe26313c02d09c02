//! The durable memory of the batch: one sled tree with one entry per dog.
//!
//! It is a cache of the source. A damaged entry is dropped and rebuilt. A store that was damaged is
//! mended when it is opened, or else set aside and rebuilt.

use std::{
    fs::File,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
};

use sled::{Db, Tree};

use super::{CatalogueError, Entry, opening};

const VERSION_KEY: &[u8] = b"catalogue version";

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
        Ok(Self { path: path.to_owned(), sled, _lock: lock })
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
