//! The published catalogue: one file that the batch replaces as a whole and that any number of
//! servers read.

use std::{
    fs::{File, Permissions},
    io::{ErrorKind, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    thread,
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use mungpy_core::resemblance::Population;
use mungpy_proto::store;
use prost::Message;
use tempfile::NamedTempFile;

use super::{CatalogueError, DogRecord, SearchTables, frame};
use crate::files;

/// First bytes of the file, before the layout's version.
pub(super) const MAGIC: &[u8; 7] = b"MUNGPY\x00";
/// Version of the layout that is read and written.
const LAYOUT: u8 = 1;
/// Largest catalogue. A million dogs with all traits take about 1 GB.
const MAX_BYTES: u64 = 4 << 30;
/// Fewest dogs for which another thread is worth its start.
const DOGS_A_THREAD: usize = 2000;

/// Name of a file that is being written, around random characters.
pub(super) const PARTIAL: (&str, &str) = (".catalogue-", ".partial");

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
    /// What a search for them needs; `None` in a catalogue of version 0.2.
    pub tables: Option<SearchTables>,
}

impl Catalogue {
    /// Writes the file next to its destination and renames it, so a reader sees either the old or
    /// the new catalogue, never a mixture.
    pub fn publish(&self, path: &Path) -> Result<(), CatalogueError> {
        let io = |error| CatalogueError::io(path, error);
        let directory = path.parent().unwrap_or(Path::new("."));
        let mut file = partial(directory, PARTIAL.0, PARTIAL.1).map_err(io)?;
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

    /// Whether it holds what a search for persons of this population needs.
    pub fn is_for(&self, persons: &Population) -> bool {
        self.tables.as_ref().is_some_and(|tables| tables.are_for(persons))
    }

    /// Whether it holds exactly these dogs, measured by these models.
    pub fn dogs_equal(&self, dogs: &[DogRecord], model_version: &str) -> bool {
        // What is written is rounded, so what was not written yet is compared as if it were.
        let is_equal = |(own, other): (&DogRecord, &DogRecord)| {
            let own = store::DogRecord::from(own);
            let other = store::DogRecord { handicap: own.handicap, ..without_stamps(other) };
            own == other
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
        let bytes = Bytes::from(bytes);
        match bytes.strip_prefix(MAGIC).and_then(<[u8]>::split_first) {
            None => Err(damaged()),
            Some((&LAYOUT, frame)) => {
                let message = frame::checked(frame).map(|message| bytes.slice_ref(message));
                message.and_then(Self::from_message).ok_or_else(damaged)
            }
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

    fn from_message(message: Bytes) -> Option<Self> {
        let published = store::EncodedCatalogue::decode(message).ok()?;
        Some(Self {
            version: published.version,
            published_at: DateTime::from_timestamp(published.published_at, 0)?,
            model_version: published.model_version,
            dogs: decoded(&published.dogs)?,
            tables: published.tables.and_then(SearchTables::from_message),
        })
    }

    fn to_message(&self) -> store::PublishedCatalogue {
        store::PublishedCatalogue {
            version: self.version,
            published_at: self.published_at.timestamp(),
            model_version: self.model_version.clone(),
            dogs: self.dogs.iter().map(without_stamps).collect(),
            tables: self.tables.as_ref().map(Into::into),
        }
    }
}

/// Decodes dogs on as many threads as the machine has cores; `None` if one is malformed.
fn decoded(dogs: &[Bytes]) -> Option<Vec<DogRecord>> {
    let decode = |dogs: &[Bytes]| -> Option<Vec<DogRecord>> {
        // A vector that grows takes three times the memory while it moves.
        let mut records = Vec::with_capacity(dogs.len());
        for dog in dogs {
            records.push(DogRecord::from_message(store::DogRecord::decode(&dog[..]).ok()?)?);
        }
        Some(records)
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = dogs.len().div_ceil(cores).max(DOGS_A_THREAD);
    let mut shares = dogs.chunks(share);
    let own = shares.next().unwrap_or_default();
    thread::scope(|scope| {
        let others: Vec<_> = shares.map(|share| scope.spawn(|| decode(share))).collect();
        let mut records = decode(own)?;
        records.reserve_exact(dogs.len() - own.len());
        for other in others {
            records.append(&mut other.join().ok()??);
        }
        Some(records)
    })
}

/// What is published of a dog. The stamps of its photos are of use to the batch alone.
fn without_stamps(dog: &DogRecord) -> store::DogRecord {
    store::DogRecord { photos: Vec::new(), ..dog.into() }
}

/// A file beside the one that it will replace, with the rights that the umask leaves: servers may
/// run as another user than the batch.
pub(crate) fn partial(
    directory: &Path,
    prefix: &str,
    suffix: &str,
) -> std::io::Result<NamedTempFile> {
    let rights = Permissions::from_mode(0o666);
    tempfile::Builder::new()
        .prefix(prefix)
        .suffix(suffix)
        .permissions(rights)
        .tempfile_in(directory)
}
