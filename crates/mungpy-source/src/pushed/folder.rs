//! The files of pushed dogs. Each is written as a whole or not at all.
//!
//! ```text
//! dogs/<dog>.json          what is known of a dog; written last, so that there is never half a dog
//! dogs/<dog>.gone          the dog was deleted; the next batch takes it away
//! photos/<dog>-<photo>.jpg a photo, named by its content
//! ```

use std::{
    fs::{self, File, Permissions},
    io::{self, ErrorKind, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

use chrono::{DateTime, Utc};
use mungpy_core::text::hex;
use mungpy_runtime::files;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use url::Url;

use super::{
    PushError,
    draft::{PushedDog, PushedPhoto},
};
use crate::listing::{ListedDog, ListedPhoto, PhotoPlace};

/// End of the name of a record.
pub(super) const RECORD: &str = ".json";
/// End of the name of a note that a dog was deleted.
pub(super) const GONE: &str = ".gone";
/// Begin of the name of a file that is being written.
pub(super) const PARTIAL: &str = ".pushing-";
/// Largest record. Ten addresses and all attributes take less than a tenth of it.
const MAX_RECORD_BYTES: u64 = 1 << 20;
/// Characters of a digest that name a dog or a photo: 128 bits.
pub(super) const NAME_CHARS: usize = 32;

/// What is known of a pushed dog.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    pub(super) dog_id: String,
    image_id: String,
    photos: Vec<Place>,
    traits: std::collections::BTreeMap<String, String>,
    attributes: std::collections::BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) expires_at: Option<DateTime<Utc>>,
    pushed_at: DateTime<Utc>,
}

/// Where a photo lies.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Place {
    /// A file among the photos, so that the data directory can be moved.
    File(String),
    Url(Url),
}

impl Record {
    /// Names of its photos that are files.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        self.photos.iter().filter_map(|place| match place {
            Place::File(name) => Some(name.as_str()),
            Place::Url(_) => None,
        })
    }
}

/// The folders of pushed dogs.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) dogs: PathBuf,
    pub(super) photos: PathBuf,
}

impl Folder {
    pub(super) fn new(root: &Path) -> Self {
        Self { dogs: root.join("dogs"), photos: root.join("photos") }
    }

    pub(super) fn create(&self) -> Result<(), PushError> {
        for folder in [&self.dogs, &self.photos] {
            fs::create_dir_all(folder).map_err(|error| PushError::io(folder, error))?;
        }
        Ok(())
    }

    /// The path of a file of a dog.
    pub(super) fn of_dog(&self, dog_id: &str, ending: &str) -> PathBuf {
        self.dogs.join(name_of(dog_id.as_bytes()) + ending)
    }

    /// The record of a dog; `None` if it was not pushed.
    pub(super) fn record(&self, dog_id: &str) -> Option<Record> {
        read(&self.of_dog(dog_id, RECORD)).ok().filter(|record: &Record| record.dog_id == dog_id)
    }

    /// Writes the photos and then the record. Returns how many bytes of photos are new.
    pub(super) fn write(&self, dog: &PushedDog<'_>) -> Result<u64, PushError> {
        let (mut photos, mut bytes_written) = (Vec::new(), 0);
        for photo in &dog.photos {
            photos.push(match photo {
                PushedPhoto::Url(url) => Place::Url(url.clone()),
                PushedPhoto::Content { bytes, ending } => {
                    let (of_dog, of_photo) = (name_of(dog.dog_id.as_bytes()), name_of(bytes));
                    let name = format!("{of_dog}-{of_photo}.{ending}");
                    let path = self.photos.join(&name);
                    let is_there = fs::metadata(&path)
                        .is_ok_and(|file| file.is_file() && file.len() == bytes.len() as u64);
                    if !is_there {
                        replace(&path, bytes)?;
                        bytes_written += bytes.len() as u64;
                    }
                    Place::File(name)
                }
            });
        }
        sync(&self.photos)?;
        self.write_record(&Record {
            dog_id: dog.dog_id.to_owned(),
            image_id: dog.image_id.to_owned(),
            photos,
            traits: dog.traits.clone(),
            attributes: dog.attributes.clone(),
            expires_at: dog.expires_at,
            pushed_at: Utc::now(),
        })?;
        Ok(bytes_written)
    }

    fn write_record(&self, record: &Record) -> Result<(), PushError> {
        let json = serde_json::to_vec(record).expect("a record is plain data");
        replace(&self.of_dog(&record.dog_id, RECORD), &json)?;
        remove(&self.of_dog(&record.dog_id, GONE))?;
        sync(&self.dogs)
    }

    /// Notes that a dog was deleted, and removes its record.
    pub(super) fn delete(&self, dog_id: &str) -> Result<(), PushError> {
        let json = serde_json::to_vec(dog_id).expect("an id is plain data");
        replace(&self.of_dog(dog_id, GONE), &json)?;
        remove(&self.of_dog(dog_id, RECORD))?;
        sync(&self.dogs)
    }

    /// The dog as a source lists it.
    pub(super) fn listed(&self, record: Record) -> ListedDog {
        let photo = |place: Place| match place {
            Place::Url(url) => {
                ListedPhoto { image_id: url.to_string(), place: PhotoPlace::Url(url) }
            }
            // A record names files of its own folder only, whoever has written it.
            Place::File(name) => {
                let name = Path::new(&name).file_name().unwrap_or_default().to_owned();
                let path = self.photos.join(&name);
                let image_id = name.to_string_lossy().into_owned();
                ListedPhoto { image_id, place: PhotoPlace::File(path) }
            }
        };
        ListedDog {
            dog_id: record.dog_id,
            image_id: Some(record.image_id),
            photos: record.photos.into_iter().map(photo).collect(),
            traits: record.traits,
            attributes: record.attributes,
            expires_at: record.expires_at,
        }
    }

    /// Makes files of photos count as abandoned from now on. They stay for a while, because the
    /// published catalogue still names them.
    pub(super) fn abandon<'a>(&self, names: impl Iterator<Item = &'a str>) {
        for name in names {
            let touched = File::options().append(true).open(self.photos.join(name));
            // If it fails, the file goes sooner.
            let _ = touched.and_then(|file| file.set_modified(SystemTime::now()));
        }
    }
}

/// Reads a record or a note.
pub(super) fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> io::Result<T> {
    let text = files::read_text(path, MAX_RECORD_BYTES)?;
    serde_json::from_str(&text).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

/// The entries of a folder, by name; none if there is no folder.
pub(super) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

/// Removes a file that need not be there.
pub(super) fn remove(path: &Path) -> Result<(), PushError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(PushError::io(path, error)),
        _ => Ok(()),
    }
}

/// The name that stands for an id or a content. No id can lead out of the folder by it.
fn name_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..NAME_CHARS / 2])
}

/// Writes a file beside its place and moves it there once it is on the disk.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), PushError> {
    let failed = |error| PushError::io(path, error);
    let mut file = partial(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// A file with the rights that the umask leaves: the batch may run as another user.
fn partial(folder: &Path) -> io::Result<NamedTempFile> {
    let rights = Permissions::from_mode(0o666);
    tempfile::Builder::new().prefix(PARTIAL).permissions(rights).tempfile_in(folder)
}

/// Makes what was moved or removed in a folder last.
fn sync(folder: &Path) -> Result<(), PushError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| PushError::io(folder, error))
}
