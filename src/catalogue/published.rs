//! The published catalogue: one file that the batch replaces as a whole and that any number of
//! servers read.

use std::{
    fs::{self, File, Permissions},
    io::{ErrorKind, Read, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use chrono::{DateTime, Utc};
use mungpy_proto::store;
use tempfile::NamedTempFile;

use super::{CatalogueError, DogRecord, frame};
use crate::files;

/// First bytes of the file, before the layout's version.
const MAGIC: &[u8; 7] = b"MUNGPY\x00";
/// Version of the layout that is read and written.
const LAYOUT: u8 = 1;
/// Largest catalogue. A million dogs with all traits take about 1 GB.
const MAX_BYTES: u64 = 4 << 30;

/// Name of a file that is being written, around random characters.
const PARTIAL: (&str, &str) = (".catalogue-", ".partial");

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
        let mut file = partial(directory).map_err(io)?;
        file.write_all(MAGIC).map_err(io)?;
        file.write_all(&[LAYOUT]).map_err(io)?;
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
        // What is written is rounded, so what was not written yet is compared as if it were.
        let is_equal = |(own, other): (&DogRecord, &DogRecord)| {
            store::DogRecord::from(own) == store::DogRecord::from(other)
        };
        self.model_version == model_version
            && self.dogs.len() == dogs.len()
            && self.dogs.iter().zip(dogs).all(is_equal)
    }

    /// Reads a published catalogue.
    pub fn read(path: &Path) -> Result<Self, CatalogueError> {
        let bytes = files::read(path, MAX_BYTES).map_err(|error| match error.kind() {
            ErrorKind::NotFound => CatalogueError::NotPublished { path: path.to_owned() },
            _ => CatalogueError::io(path, error),
        })?;
        let damaged = || CatalogueError::Damaged { path: path.to_owned() };
        match bytes.strip_prefix(MAGIC).and_then(<[u8]>::split_first) {
            None => Err(damaged()),
            Some((&LAYOUT, frame)) => Self::from_frame(frame).ok_or_else(damaged),
            Some((&found, _)) => {
                Err(CatalogueError::OtherLayout { path: path.to_owned(), found, known: LAYOUT })
            }
        }
    }

    /// Reads a published catalogue whose dogs were measured by these models.
    pub fn read_of(path: &Path, model_version: &str) -> Result<Self, CatalogueError> {
        let catalogue = Self::read(path)?;
        if catalogue.model_version == model_version {
            return Ok(catalogue);
        }
        Err(CatalogueError::OtherModels {
            path: path.to_owned(),
            found: catalogue.model_version,
            expected: model_version.to_owned(),
        })
    }

    fn from_frame(frame: &[u8]) -> Option<Self> {
        let published: store::PublishedCatalogue = frame::decode(frame)?;
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

/// A file beside the catalogue with the rights that the umask leaves: servers may run as another
/// user than the batch.
fn partial(directory: &Path) -> std::io::Result<NamedTempFile> {
    let (prefix, suffix) = PARTIAL;
    let rights = Permissions::from_mode(0o666);
    tempfile::Builder::new()
        .prefix(prefix)
        .suffix(suffix)
        .permissions(rights)
        .tempfile_in(directory)
}

/// Removes what a killed batch left of a catalogue. No other batch may be publishing.
pub(super) fn remove_partial(directory: &Path) -> Result<(), CatalogueError> {
    let io = |error| CatalogueError::io(directory, error);
    for entry in fs::read_dir(directory).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if is_partial(&path) {
            fs::remove_file(&path).map_err(|error| CatalogueError::io(&path, error))?;
        }
    }
    Ok(())
}

/// Whether a file is a catalogue that was never published. Versions before 0.3 named it `.tmp` and
/// six characters, as other programs name their files as well.
fn is_partial(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    let (prefix, suffix) = PARTIAL;
    let is_older = name.starts_with(".tmp") && name.len() == ".tmp".len() + 6;
    (name.starts_with(prefix) && name.ends_with(suffix))
        || (is_older && path.is_file() && begins_as_catalogue(path))
}

fn begins_as_catalogue(path: &Path) -> bool {
    let mut head = [0; MAGIC.len()];
    File::open(path)
        .and_then(|mut file| file.read(&mut head))
        .is_ok_and(|read| MAGIC.starts_with(&head[..read]))
}
