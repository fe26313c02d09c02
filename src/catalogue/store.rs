//! The durable memory of the batch: one sled tree with one entry per dog.
//!
//! It is a cache of the source. A damaged entry is dropped and rebuilt; a damaged store is set
//! aside and rebuilt.

use std::{
    fs,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use chrono::Utc;
use sled::{Db, Tree};

use super::{CatalogueError, Entry};

const VERSION_KEY: &[u8] = b"catalogue version";

/// How long to wait for a lock. sled releases it some time after the store was closed, once its
/// background threads have ended.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// The store. Only one process at a time can open it: the batch.
pub struct Store {
    path: PathBuf,
    db: Db,
    entries: Tree,
}

impl Store {
    /// Opens the store in a directory, creating it if necessary.
    pub fn open(path: &Path) -> Result<Self, CatalogueError> {
        let db = match open_unlocked(path) {
            OpenOutcome::Sound(db) => db,
            OpenOutcome::Failed(error) => return Err(error),
            OpenOutcome::Damaged(detail) => {
                set_aside(path, &detail)?;
                sled::open(path).map_err(|error| CatalogueError::sled(path, error))?
            }
        };
        let entries = db.open_tree("entries").map_err(|error| CatalogueError::sled(path, error))?;
        Ok(Self { path: path.to_owned(), db, entries })
    }

    /// All intact entries, sorted by dog id. Damaged ones are removed, so the batch rebuilds them.
    pub fn entries(&self) -> Result<Vec<Entry>, CatalogueError> {
        let mut sound = Vec::new();
        for item in &self.entries {
            let (key, value) = item.map_err(|error| self.error(error))?;
            match Entry::decode(&value) {
                Some(entry) if entry.dog_id().as_bytes() == &key[..] => sound.push(entry),
                _ => {
                    tracing::warn!(dog_id = %String::from_utf8_lossy(&key), "damaged entry dropped");
                    self.entries.remove(&key).map_err(|error| self.error(error))?;
                }
            }
        }
        Ok(sound)
    }

    /// Writes an entry, replacing what was known about the dog.
    pub fn put(&self, entry: &Entry) -> Result<(), CatalogueError> {
        self.entries
            .insert(entry.dog_id(), entry.encode())
            .map(|_| ())
            .map_err(|error| self.error(error))
    }

    /// Removes a dog.
    pub fn remove(&self, dog_id: &str) -> Result<(), CatalogueError> {
        self.entries.remove(dog_id).map(|_| ()).map_err(|error| self.error(error))
    }

    /// Version of the last published catalogue; 0 if there is none.
    pub fn version(&self) -> Result<u64, CatalogueError> {
        let bytes = self.db.get(VERSION_KEY).map_err(|error| self.error(error))?;
        let version =
            bytes.and_then(|bytes| bytes.as_ref().try_into().ok().map(u64::from_be_bytes));
        Ok(version.unwrap_or(0))
    }

    /// Stores the version of the catalogue being published.
    pub fn set_version(&self, version: u64) -> Result<(), CatalogueError> {
        self.db
            .insert(VERSION_KEY, &version.to_be_bytes())
            .map(|_| ())
            .map_err(|error| self.error(error))
    }

    /// Flushes everything to disk.
    pub fn flush(&self) -> Result<(), CatalogueError> {
        self.db.flush().map(|_| ()).map_err(|error| self.error(error))
    }

    fn error(&self, error: sled::Error) -> CatalogueError {
        CatalogueError::sled(&self.path, error)
    }
}

enum OpenOutcome {
    Sound(Db),
    Failed(CatalogueError),
    Damaged(String),
}

/// Retries for a short while if the store is locked.
fn open_unlocked(path: &Path) -> OpenOutcome {
    let begun = Instant::now();
    loop {
        match open_guarded(path) {
            OpenOutcome::Failed(CatalogueError::Locked { .. })
                if begun.elapsed() < LOCK_PATIENCE =>
            {
                thread::sleep(LOCK_PAUSE);
            }
            opened => return opened,
        }
    }
}

/// Converts panics into errors, because sled reports some damage as an error and panics on the
/// rest.
fn open_guarded(path: &Path) -> OpenOutcome {
    match panic::catch_unwind(AssertUnwindSafe(|| sled::open(path))) {
        Ok(Ok(db)) => OpenOutcome::Sound(db),
        Ok(Err(error @ (sled::Error::Corruption { .. } | sled::Error::Unsupported(_)))) => {
            OpenOutcome::Damaged(error.to_string())
        }
        Ok(Err(error)) => OpenOutcome::Failed(CatalogueError::sled(path, error)),
        Err(_) => OpenOutcome::Damaged("sled panicked".to_owned()),
    }
}

fn set_aside(path: &Path, detail: &str) -> Result<(), CatalogueError> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".damaged-{}", Utc::now().format("%Y%m%dT%H%M%SZ")));
    tracing::warn!(store = %path.display(), set_aside = %Path::new(&aside).display(), detail, "damaged store set aside, all dogs are measured anew");
    fs::rename(path, &aside).map_err(|error| CatalogueError::io(path, error))
}
