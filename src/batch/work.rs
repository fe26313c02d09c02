//! The work for each dog: read its photos, compare them with what is known, measure the best photo.

use std::{
    fs,
    panic::{self, AssertUnwindSafe},
};

use chrono::Utc;
use mungpy_core::reason::{Reason, Section, WithReason};
use mungpy_source::{ListedDog, ListedPhoto, PhotoPlace};
use sha2::{Digest, Sha256};

use super::known::Known;
use crate::{
    catalogue::{DogRecord, Entry, PhotosDigest, Rejection},
    extract::{ExtractError, Extraction, Extractor},
    files::{self, PhotoFileError},
    photo::{Photo, PhotoError},
};

/// The outcome for one dog.
pub(super) enum Outcome {
    /// Photos, models and traits are unchanged.
    Unchanged(Entry),
    /// Only traits or image id changed.
    Updated(Box<DogRecord>),
    /// The dog was measured and can be matched.
    Enrolled(Box<DogRecord>),
    /// No photo gave a usable face.
    Rejected(Rejection),
    /// The photos are not at fault. What is known about the dog stays as it is, and the next batch
    /// tries again.
    Failed { reason: Reason, message: String },
}

/// Compares the photos of some dogs with what is known about them and measures them if need be.
///
/// At most `batch_size` photos are held at a time. They are read once to be compared, and again to
/// be measured.
pub(super) fn process(
    extractor: &mut Extractor,
    dogs: &[ListedDog],
    known: &Known,
    batch_size: usize,
) -> Vec<Outcome> {
    let compare = |dog| compare(dog, known.get(&dog.dog_id), extractor.version());
    let mut dogs: Vec<Result<Candidate, Outcome>> = dogs.iter().map(compare).collect();
    measure(extractor, dogs.iter_mut().flatten(), batch_size);
    let version = extractor.version();
    let outcome = |dog: Result<Candidate, Outcome>| match dog {
        Ok(candidate) => candidate.outcome(version),
        Err(outcome) => outcome,
    };
    dogs.into_iter().map(outcome).collect()
}

/// A dog that has to be measured, or the outcome if it has not.
fn compare<'a>(
    dog: &'a ListedDog,
    known: Option<&Entry>,
    version: &str,
) -> Result<Candidate<'a>, Outcome> {
    if dog.photos.is_empty() {
        let message = "the dog has no photo".to_owned();
        return Err(Outcome::Failed { reason: Reason::DogWithoutPhoto, message });
    }
    let digest = digest_of(dog)?;
    match known {
        Some(entry) if entry.is_of(&digest, version) && holds(entry, dog) => {
            Err(refreshed(entry, dog))
        }
        _ => Ok(Candidate::new(dog, digest)),
    }
}

/// The bytes of a photo, or why it is refused unread.
///
/// # Errors
/// The photo cannot be read, which is no fault of the photo.
fn read(photo: &ListedPhoto) -> Result<Result<Vec<u8>, PhotoError>, Outcome> {
    match files::read_photo(&path_of(photo)) {
        Ok(bytes) => Ok(Ok(bytes)),
        Err(PhotoFileError::Refused(error)) => Ok(Err(error)),
        Err(PhotoFileError::Unreadable(error)) => {
            let message = format!("{}: {error}", photo.place);
            Err(Outcome::Failed { reason: Reason::PhotoUnreadable, message })
        }
    }
}

fn digest_of(dog: &ListedDog) -> Result<PhotosDigest, Outcome> {
    let mut hasher = Sha256::new();
    for photo in &dog.photos {
        add(&mut hasher, &read(photo)?);
    }
    Ok(hasher.finalize().into())
}

/// Adds a photo to a digest; one that is refused unread counts with its message.
fn add(hasher: &mut Sha256, photo: &Result<Vec<u8>, PhotoError>) {
    let refusal;
    let bytes = match photo {
        Ok(bytes) => &bytes[..],
        Err(error) => {
            refusal = error.to_string();
            refusal.as_bytes()
        }
    };
    hasher.update((bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

/// Whether what is known of unchanged photos still holds: the measured photo must be at the same
/// path. A photo that could not be decoded is tried again, because decoders and their limits have
/// no version, and to try costs little.
fn holds(entry: &Entry, dog: &ListedDog) -> bool {
    match entry {
        Entry::Dog(record) => {
            dog.photos.iter().any(|photo| location(photo) == record.photo_location)
        }
        Entry::Rejected(rejection) => rejection.reason.entry().section != Section::Photo,
    }
}

fn path_of(photo: &ListedPhoto) -> std::path::PathBuf {
    match &photo.place {
        PhotoPlace::File(path) => path.clone(),
        PhotoPlace::Url(url) => url.path().into(),
    }
}

fn location(photo: &ListedPhoto) -> String {
    let path = path_of(photo);
    fs::canonicalize(&path).unwrap_or(path).to_string_lossy().into_owned()
}

/// The known entry with traits and image id from the listing.
fn refreshed(entry: &Entry, dog: &ListedDog) -> Outcome {
    let Entry::Dog(record) = entry else { return Outcome::Unchanged(entry.clone()) };
    let image_id = dog.image_id.clone().unwrap_or_else(|| record.image_id.clone());
    if record.traits == dog.traits && record.image_id == image_id {
        return Outcome::Unchanged(entry.clone());
    }
    let record = DogRecord { traits: dog.traits.clone(), image_id, ..record.as_ref().clone() };
    Outcome::Updated(Box::new(record))
}

/// Measures all photos of some dogs, so many at a time.
fn measure<'a, 'b: 'a>(
    extractor: &mut Extractor,
    dogs: impl Iterator<Item = &'a mut Candidate<'b>>,
    batch_size: usize,
) {
    let mut dogs: Vec<&mut Candidate> = dogs.collect();
    let mut waiting: Vec<(usize, usize, Photo)> = Vec::new();
    for number in 0..dogs.len() {
        for index in 0..dogs[number].dog.photos.len() {
            match dogs[number].decode(index) {
                Some(photo) => waiting.push((number, index, photo)),
                None => continue,
            }
            if waiting.len() >= batch_size {
                measure_waiting(extractor, &mut dogs, &mut waiting);
            }
        }
    }
    measure_waiting(extractor, &mut dogs, &mut waiting);
}

/// Measures the photos that wait; each comes with the numbers of its dog and of the dog's photo.
fn measure_waiting(
    extractor: &mut Extractor,
    dogs: &mut [&mut Candidate],
    waiting: &mut Vec<(usize, usize, Photo)>,
) {
    let photos: Vec<&Photo> = waiting.iter().map(|(.., photo)| photo).collect();
    let attempts = attempts(extractor, &photos);
    for ((number, index, _), attempt) in waiting.drain(..).zip(attempts) {
        dogs[number].add(index, attempt);
    }
}

/// A dog that is measured, and what its photos gave so far.
struct Candidate<'a> {
    dog: &'a ListedDog,
    /// Digest of the photos when they were compared.
    expected: PhotosDigest,
    /// Digest of the photos as they were measured.
    hasher: Sha256,
    best: Option<(usize, Box<Extraction>)>,
    /// Why photos were refused, with their numbers.
    refusals: Vec<(usize, ExtractError)>,
    failed: Option<Outcome>,
}

impl<'a> Candidate<'a> {
    fn new(dog: &'a ListedDog, expected: PhotosDigest) -> Self {
        let hasher = Sha256::new();
        Self { dog, expected, hasher, best: None, refusals: Vec::new(), failed: None }
    }

    /// Reads a photo. One that cannot be measured is noted.
    fn decode(&mut self, index: usize) -> Option<Photo> {
        if self.failed.is_some() {
            return None;
        }
        let bytes = match read(&self.dog.photos[index]) {
            Ok(bytes) => bytes,
            Err(failed) => {
                self.failed = Some(failed);
                return None;
            }
        };
        add(&mut self.hasher, &bytes);
        let decoded = panic::catch_unwind(|| Photo::decode(&bytes?));
        match decoded {
            Ok(Ok(photo)) => return Some(photo),
            Ok(Err(error)) => self.add(index, Attempt::Refused(error.into())),
            Err(_) => self.add(index, Attempt::Panicked),
        }
        None
    }

    fn add(&mut self, index: usize, attempt: Attempt) {
        match attempt {
            Attempt::Usable(found)
                if self
                    .best
                    .as_ref()
                    .is_none_or(|(_, b)| found.quality.rank() > b.quality.rank()) =>
            {
                self.best = Some((index, found));
            }
            Attempt::Usable(_) => {}
            Attempt::Refused(error) => self.refusals.push((index, error)),
            Attempt::Panicked => {
                let message = "the measurement of a photo panicked".to_owned();
                self.failed = Some(Outcome::Failed { reason: Reason::Internal, message });
            }
        }
    }

    fn outcome(mut self, version: &str) -> Outcome {
        if let Some(failed) = self.failed {
            return failed;
        }
        if PhotosDigest::from(self.hasher.finalize()) != self.expected {
            let message =
                "a photo was replaced while it was measured; the next batch reads it again";
            return Outcome::Failed {
                reason: Reason::PhotoUnreadable,
                message: message.to_owned(),
            };
        }
        // What cannot be decoded is refused before what waits to be measured.
        self.refusals.sort_by_key(|&(index, _)| index);
        let errors = self.refusals.into_iter().map(|(_, error)| error);
        let refusal = errors.reduce(ExtractError::or_of_machine);
        concluded(self.dog, self.best, refusal, self.expected, version)
    }
}

/// The outcome once all photos of a dog were looked at.
fn concluded(
    dog: &ListedDog,
    best: Option<(usize, Box<Extraction>)>,
    refusal: Option<ExtractError>,
    photos_digest: PhotosDigest,
    version: &str,
) -> Outcome {
    let model_version = version.to_owned();
    match (best, refusal) {
        // The other photo may be the better one.
        (Some(_), Some(error)) if !error.is_fault_of_photo() => {
            Outcome::Failed { reason: error.reason(), message: error.to_string() }
        }
        (Some((index, found)), _) => Outcome::Enrolled(Box::new(DogRecord {
            dog_id: dog.dog_id.clone(),
            image_id: dog.image_id.clone().unwrap_or_else(|| dog.photos[index].image_id.clone()),
            photo_location: location(&dog.photos[index]),
            photos_digest,
            traits: dog.traits.clone(),
            model_version,
            landmarks: found.landmarks,
            measurement: found.measurement,
            quality: found.quality,
            enrolled_at: Utc::now(),
        })),
        (None, Some(error)) if error.is_fault_of_photo() => Outcome::Rejected(Rejection {
            dog_id: dog.dog_id.clone(),
            photos_digest,
            model_version,
            reason: error.reason(),
            message: error.to_string(),
        }),
        (None, Some(error)) => {
            Outcome::Failed { reason: error.reason(), message: error.to_string() }
        }
        (None, None) => unreachable!("a dog without photos was turned away before"),
    }
}

/// The outcome of measuring one photo.
enum Attempt {
    /// A comparable face.
    Usable(Box<Extraction>),
    /// No comparable face, and why.
    Refused(ExtractError),
    /// A bug in this program, which must not end the batch.
    Panicked,
}

impl Attempt {
    fn of(found: Result<Extraction, ExtractError>) -> Self {
        match found.and_then(|found| found.check().map(|()| found).map_err(ExtractError::from)) {
            Ok(found) => Self::Usable(Box::new(found)),
            Err(error) => Self::Refused(error),
        }
    }
}

/// Measures photos together, or each alone if that panics.
fn attempts(extractor: &mut Extractor, photos: &[&Photo]) -> Vec<Attempt> {
    let measured = || extractor.extract_many(photos);
    match panic::catch_unwind(AssertUnwindSafe(measured)) {
        Ok(found) => found.into_iter().map(Attempt::of).collect(),
        Err(_) if photos.len() > 1 => {
            photos.iter().flat_map(|photo| attempts(extractor, &[photo])).collect()
        }
        Err(_) => vec![Attempt::Panicked],
    }
}
