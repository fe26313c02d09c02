//! The published catalogue: one file that the batch replaces as a whole and that
//! any number of servers read.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::Path,
};

use chrono::{DateTime, Utc};
use prost::Message;
use tempfile::NamedTempFile;

use super::{CatalogError, DogRecord};
use crate::proto::store;

/// First bytes of the file; the last one counts its layouts.
const MAGIC: &[u8; 8] = b"MUNGPY\x00\x01";

/// All dogs that can be matched, as one batch left them.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    /// Grows by one with each batch that changed something.
    pub version: u64,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// Version of the models that measured the dogs.
    pub model_version: String,
    /// The dogs, in the order of their ids.
    pub dogs: Vec<DogRecord>,
}

impl Catalogue {
    /// Writes the file beside its place and moves it there in one step, so that
    /// a reader sees the old or the new catalogue and nothing between.
    pub fn publish(&self, path: &Path) -> Result<(), CatalogError> {
        let io = |error| CatalogError::io(path, error);
        let directory = path.parent().unwrap_or(Path::new("."));
        let message = self.to_message().encode_to_vec();
        let mut file = NamedTempFile::new_in(directory).map_err(io)?;
        file.write_all(MAGIC).map_err(io)?;
        file.write_all(&crc32fast::hash(&message).to_le_bytes()).map_err(io)?;
        file.write_all(&message).map_err(io)?;
        file.as_file().sync_all().map_err(io)?;
        file.persist(path).map_err(|error| io(error.error))?;
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(io)
    }

    /// A dog by its id.
    pub fn dog(&self, dog_id: &str) -> Option<&DogRecord> {
        self.dogs.iter().find(|dog| dog.dog_id == dog_id)
    }

    /// Whether it holds just these dogs, measured by these models.
    pub fn dogs_equal(&self, dogs: &[DogRecord], model_version: &str) -> bool {
        let written: Vec<store::DogRecord> = dogs.iter().map(Into::into).collect();
        let own: Vec<store::DogRecord> = self.dogs.iter().map(Into::into).collect();
        self.model_version == model_version && own == written
    }

    /// Reads a published catalogue.
    pub fn read(path: &Path) -> Result<Self, CatalogError> {
        let bytes = fs::read(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => CatalogError::NotPublished { path: path.to_owned() },
            _ => CatalogError::io(path, error),
        })?;
        Self::from_bytes(&bytes).ok_or_else(|| CatalogError::Damaged { path: path.to_owned() })
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (checksum, message) = rest.split_at_checked(4)?;
        if crc32fast::hash(message).to_le_bytes() != checksum {
            return None;
        }
        let snapshot = store::Snapshot::decode(message).ok()?;
        let dogs: Option<Vec<_>> = snapshot.dogs.into_iter().map(DogRecord::from_message).collect();
        Some(Self {
            version: snapshot.version,
            published_at: DateTime::from_timestamp(snapshot.published_at, 0)?,
            model_version: snapshot.model_version,
            dogs: dogs?,
        })
    }

    fn to_message(&self) -> store::Snapshot {
        store::Snapshot {
            version: self.version,
            published_at: self.published_at.timestamp(),
            model_version: self.model_version.clone(),
            dogs: self.dogs.iter().map(Into::into).collect(),
        }
    }
}
