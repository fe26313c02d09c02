//! Before a dog is measured: are its photos still those that are known? If not, they are made
//! files of this machine.

use std::{
    fs,
    io::{self, Write},
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use chrono::{DateTime, Utc};
use mungpy_core::reason::{Reason, Section, WithReason};
use mungpy_proto::limits::MAX_PHOTO_BYTES;
use mungpy_schedule::Stop;
use mungpy_source::{
    ListedDog, ListedPhoto, PhotoPlace,
    web::{WebAnswer, WebClient, WebError, WebRequest},
};
use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};
use url::Url;

use super::{
    known::Known,
    outcome::{Outcome, retold},
    source::Listed,
};
use crate::{
    catalogue::{CatalogueError, DogRecord, Entry, PhotoStamp, Rejection, digest_of, of_file},
    files::{self, PhotoFileError},
    photo::PhotoError,
};

/// How often a photo of a dog that can be matched is asked for before its other photos must do.
const PATIENCE: u32 = 3;

/// A dog on its way to the workers.
pub(super) enum Ready<'a> {
    /// Its photos must be measured.
    Measure(Prepared<'a>),
    /// It need not be measured, or cannot be.
    Done(&'a Listed, Outcome),
}

/// Reason and message of a photo that is not there, if one is not.
pub(super) type Missing = Option<(Reason, String)>;

/// A dog whose photos are files of this machine.
pub(super) struct Prepared<'a> {
    pub(super) listed: &'a Listed,
    pub(super) photos: Vec<LocalPhoto<'a>>,
    /// Why one of its photos could not be fetched.
    pub(super) missing: Missing,
}

/// A photo that can be read.
pub(super) struct LocalPhoto<'a> {
    pub(super) image_id: String,
    /// Path or address, as it is remembered.
    pub(super) location: String,
    pub(super) stamp: PhotoStamp,
    pub(super) file: LocalFile<'a>,
}

/// Where the bytes of a photo are.
pub(super) enum LocalFile<'a> {
    /// In a file of the source.
    Own(PathBuf),
    /// In a file that is removed once the dog was measured.
    Fetched(TempPath),
    /// At this address, where it is as it is known.
    Known(&'a Url),
    /// Nowhere: it has so many bytes that it was refused unread.
    TooLarge(usize),
}

/// What the preparation of all dogs shares.
pub(super) struct Preparation<'a> {
    pub(super) known: &'a Known,
    pub(super) version: &'a str,
    pub(super) web: &'a WebClient,
    /// Folder for fetched photos.
    pub(super) folder: &'a Path,
    pub(super) now: DateTime<Utc>,
    /// Whether dogs are measured although nothing has changed.
    pub(super) force: bool,
    /// How many more dogs may be measured.
    pub(super) left: AtomicUsize,
    /// Whether somebody stops the run.
    pub(super) stop: &'a Stop,
    /// Whether the run has failed.
    pub(super) is_over: AtomicBool,
}

impl Preparation<'_> {
    /// Compares a dog with what is known about it, and fetches its photos if it must be measured.
    pub(super) fn prepare<'a>(&self, listed: &'a Listed) -> Ready<'a> {
        // A bug costs one dog's try, not the run.
        match panic::catch_unwind(AssertUnwindSafe(|| self.attempt(listed))) {
            Ok(Ok(prepared)) => Ready::Measure(prepared),
            Ok(Err(outcome)) => Ready::Done(listed, outcome),
            Err(_) => {
                let outcome = Outcome::failed(Reason::Internal, "the preparation panicked");
                Ready::Done(listed, outcome)
            }
        }
    }

    fn attempt<'a>(&self, listed: &'a Listed) -> Result<Prepared<'a>, Outcome> {
        let dog = &listed.dog;
        if dog.photos.is_empty() {
            return Err(Outcome::failed(Reason::DogWithoutPhoto, "the dog has no photo"));
        }
        self.check_turn(dog)?;
        let known = self.known.get(&dog.dog_id);
        let usable = known.filter(|entry| !self.force && entry.model_version() == self.version);
        if usable.is_none() {
            // Before anything is fetched.
            self.take_turn()?;
        }
        let (mut photos, missing) = self.local_photos(dog, usable)?;
        if let Some(entry) = usable {
            if let Some(outcome) = refreshed(entry, listed, &photos) {
                return Err(outcome);
            }
            self.take_turn()?;
        }
        for photo in &mut photos {
            self.complete(photo)?;
        }
        Ok(Prepared { listed, photos, missing })
    }

    /// The photos that are there, at least one, and why another one is not.
    fn local_photos<'a>(
        &self,
        dog: &'a ListedDog,
        usable: Option<&Entry>,
    ) -> Result<(Vec<LocalPhoto<'a>>, Missing), Outcome> {
        let attempts = self.known.trial(&dog.dog_id).map_or(0, |trial| trial.attempts);
        // A dog that can be matched waits some days for its photo before the others must do.
        let waits = attempts < PATIENCE && self.known.dog(&dog.dog_id, self.version).is_some();
        let (mut photos, mut missing) = (Vec::new(), None);
        for photo in &dog.photos {
            if self.stop.is_requested() || self.is_over.load(Ordering::Relaxed) {
                return Err(Outcome::Deferred);
            }
            match self.local(photo, usable) {
                Ok(photo) => photos.push(photo),
                Err(Outcome::Failed { reason, message }) if !waits => {
                    missing = Some((reason, message));
                }
                Err(outcome) => return Err(outcome),
            }
        }
        match missing {
            Some((reason, message)) if photos.is_empty() => {
                Err(Outcome::Failed { reason, message })
            }
            missing => Ok((photos, missing)),
        }
    }

    /// Turns a dog away whose address failed so lately that it is not tried again yet.
    fn check_turn(&self, dog: &ListedDog) -> Result<(), Outcome> {
        match self.known.trial(&dog.dog_id) {
            Some(trial)
                if !self.force && !trial.is_due(self.now) && trial.dog.photos == dog.photos =>
            {
                let (reason, message) = (trial.reason, trial.message.clone());
                Err(Outcome::Waiting { reason, message })
            }
            _ => Ok(()),
        }
    }

    /// Takes one of the measurements that are allowed.
    fn take_turn(&self) -> Result<(), Outcome> {
        let take = |left: usize| left.checked_sub(1);
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.map(|_| ()).map_err(|_| Outcome::Deferred)
    }

    /// A photo with its stamp. One that is known is not read or fetched again.
    fn local<'a>(
        &self,
        photo: &'a ListedPhoto,
        known: Option<&Entry>,
    ) -> Result<LocalPhoto<'a>, Outcome> {
        let place = photo.place.to_string();
        let known = known.and_then(|entry| entry.photos().iter().find(|s| s.place == place));
        let (location, stamp, file) = match &photo.place {
            PhotoPlace::File(path) => {
                let location = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
                let (stamp, file) = of_own(path, place, known)?;
                (location.to_string_lossy().into_owned(), stamp, file)
            }
            PhotoPlace::Url(url) => {
                let (stamp, file) = self.fetched(url, known)?;
                (place, stamp, file)
            }
        };
        Ok(LocalPhoto { image_id: photo.image_id.clone(), location, stamp, file })
    }

    /// Fetches a photo unless it is as it is known.
    fn fetched<'a>(
        &self,
        url: &'a Url,
        known: Option<&PhotoStamp>,
    ) -> Result<(PhotoStamp, LocalFile<'a>), Outcome> {
        let mut request = WebRequest::get(url.clone(), MAX_PHOTO_BYTES as u64);
        request.known = known.map(|stamp| stamp.validators.clone());
        let place = url.to_string();
        match self.web.fetch(&request) {
            Ok(WebAnswer::NotModified) => {
                let stamp = known.cloned().unwrap_or_default();
                Ok((stamp, LocalFile::Known(url)))
            }
            Ok(WebAnswer::Content { bytes, validators }) => {
                if is_page(&bytes) {
                    let message = format!("{place}: the server answers with a page, not a photo");
                    return Err(Outcome::failed(Reason::PhotoUnreachable, &message));
                }
                let file = self.spooled(&bytes).map_err(|error| {
                    Outcome::Broken(Box::new(CatalogueError::io(self.folder, error)))
                })?;
                let sha256 = Sha256::digest(&bytes).into();
                let stamp = PhotoStamp { place, sha256, validators, file: String::new() };
                Ok((stamp, LocalFile::Fetched(file)))
            }
            Err(WebError::TooLarge { .. }) => {
                let error = PhotoError::TooManyBytes { bytes: MAX_PHOTO_BYTES + 1 };
                let sha256 = PhotoStamp::digest_of_refusal(&error);
                let stamp = PhotoStamp { place, sha256, ..PhotoStamp::default() };
                Ok((stamp, LocalFile::TooLarge(MAX_PHOTO_BYTES + 1)))
            }
            Err(error) => Err(Outcome::failed(error.reason(), &error.to_string())),
        }
    }

    /// Fetches the bytes of a photo that is known and that must be measured all the same.
    fn complete(&self, photo: &mut LocalPhoto) -> Result<(), Outcome> {
        if let LocalFile::Known(url) = photo.file {
            (photo.stamp, photo.file) = self.fetched(url, None)?;
        }
        Ok(())
    }

    fn spooled(&self, bytes: &[u8]) -> io::Result<TempPath> {
        let mut file = NamedTempFile::new_in(self.folder)?;
        file.write_all(bytes)?;
        Ok(file.into_temp_path())
    }
}

/// The stamp of a file. It is read only if its length, times or inode have changed.
fn of_own<'a>(
    path: &Path,
    place: String,
    known: Option<&PhotoStamp>,
) -> Result<(PhotoStamp, LocalFile<'a>), Outcome> {
    let file = of_file(path).map_err(|error| unreadable(path, &error))?;
    if let Some(known) = known.filter(|known| known.file == file) {
        return Ok((known.clone(), LocalFile::Own(path.to_owned())));
    }
    let stamp = |sha256| PhotoStamp { place, sha256, file, ..PhotoStamp::default() };
    match files::read_photo(path) {
        Ok(bytes) => Ok((stamp(Sha256::digest(&bytes).into()), LocalFile::Own(path.to_owned()))),
        Err(PhotoFileError::Refused(error)) => {
            let bytes = match error {
                PhotoError::TooManyBytes { bytes } => bytes,
                _ => usize::MAX,
            };
            Ok((stamp(PhotoStamp::digest_of_refusal(&error)), LocalFile::TooLarge(bytes)))
        }
        Err(PhotoFileError::Unreadable(error)) => Err(unreadable(path, &error)),
    }
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> Outcome {
    Outcome::failed(Reason::PhotoUnreadable, &format!("{}: {error}", path.display()))
}

/// Whether bytes are a page of text, as servers send in place of a photo while they are mended.
fn is_page(bytes: &[u8]) -> bool {
    matches!(bytes.trim_ascii_start().first(), None | Some(b'<' | b'{'))
}

/// The known entry with what the listing says, if its photos are the same. A photo that could not
/// be decoded is tried again, because decoders and their limits have no version, and to try costs
/// little.
fn refreshed(entry: &Entry, listed: &Listed, photos: &[LocalPhoto]) -> Option<Outcome> {
    let stamps: Vec<PhotoStamp> = photos.iter().map(|photo| photo.stamp.clone()).collect();
    if *entry.photos_digest() != digest_of(&stamps) {
        return None;
    }
    match entry {
        Entry::Rejected(rejection) if rejection.reason.entry().section == Section::Photo => None,
        Entry::Rejected(rejection) => {
            let source = listed.source.to_string();
            let changed = Rejection { source, photos: stamps, ..rejection.clone() };
            let is_stale = changed != *rejection;
            Some(Outcome::Unchanged { entry: Box::new(Entry::Rejected(changed)), is_stale })
        }
        Entry::Dog(record) => {
            let measured = measured(record, photos)?;
            let has_moved = measured.location != record.photo_location;
            let image_id = if has_moved { &measured.image_id } else { &record.image_id };
            let same = DogRecord {
                source: listed.source.to_string(),
                photos: stamps,
                image_id: image_id.clone(),
                photo_location: measured.location.clone(),
                ..record.as_ref().clone()
            };
            let changed = retold(&same, listed);
            if has_moved || changed != same {
                return Some(Outcome::Updated(Box::new(changed)));
            }
            let is_stale = same != **record;
            let entry = Box::new(Entry::Dog(Box::new(same)));
            Some(Outcome::Unchanged { entry, is_stale })
        }
    }
}

/// The photo that a record was measured in. An address may change from night to night, as signed
/// ones do, while the photo stays.
fn measured<'a>(record: &DogRecord, photos: &'a [LocalPhoto<'_>]) -> Option<&'a LocalPhoto<'a>> {
    let at_same_place = photos.iter().find(|photo| photo.location == record.photo_location);
    at_same_place.or_else(|| {
        let known = record.photos.iter().find(|stamp| stamp.place == record.photo_location)?;
        photos.iter().find(|photo| photo.stamp.sha256 == known.sha256)
    })
}
