//! The published catalogue: one file that the batch replaces as a whole and that any number of
//! servers read.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::Path,
};

use chrono::{DateTime, Utc};
use mungpy_proto::store;
use tempfile::NamedTempFile;

use super::{CatalogueError, DogRecord, frame};

/// First bytes of the file; the last one is the version of the layout.
const MAGIC: &[u8; 8] = b"MUNGPY\x00\x01";

/// All dogs that can be matched, as of one batch.
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
    /// Writes the file next to its destination and renames it, so a reader sees either the old or
    /// the new catalogue, never a mixture.
    pub fn publish(&self, path: &Path) -> Result<(), CatalogueError> {
        let io = |error| CatalogueError::io(path, error);
        let directory = path.parent().unwrap_or(Path::new("."));
        let mut file = NamedTempFile::new_in(directory).map_err(io)?;
        file.write_all(MAGIC).map_err(io)?;
        file.write_all(&frame::encode(&self.to_message())).map_err(io)?;
        file.as_file().sync_all().map_err(io)?;
        file.persist(path).map_err(|error| io(error.error))?;
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(io)
    }

    /// Finds a dog by its id.
    pub fn dog(&self, dog_id: &str) -> Option<&DogRecord> {
        self.dogs.iter().find(|dog| dog.dog_id == dog_id)
    }

    /// Whether it holds exactly these dogs, measured by these models.
    pub fn dogs_equal(&self, dogs: &[DogRecord], model_version: &str) -> bool {
        let written: Vec<store::DogRecord> = dogs.iter().map(Into::into).collect();
        let own: Vec<store::DogRecord> = self.dogs.iter().map(Into::into).collect();
        self.model_version == model_version && own == written
    }

    /// Reads a published catalogue.
    pub fn read(path: &Path) -> Result<Self, CatalogueError> {
        let bytes = fs::read(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => CatalogueError::NotPublished { path: path.to_owned() },
            _ => CatalogueError::io(path, error),
        })?;
        Self::from_bytes(&bytes).ok_or_else(|| CatalogueError::Damaged { path: path.to_owned() })
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let published: store::PublishedCatalogue = frame::decode(bytes.strip_prefix(MAGIC)?)?;
        let dogs: Option<Vec<_>> =
            published.dogs.into_iter().map(DogRecord::from_message).collect();
        Some(Self {
            version: published.version,
            published_at: DateTime::from_timestamp(published.published_at, 0)?,
            model_version: published.model_version,
            dogs: dogs?,
        })
    }

    fn to_message(&self) -> store::PublishedCatalogue {
        store::PublishedCatalogue {
            version: self.version,
            published_at: self.published_at.timestamp(),
            model_version: self.model_version.clone(),
            dogs: self.dogs.iter().map(Into::into).collect(),
        }
    }
}
