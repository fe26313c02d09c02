//! The work for one dog: read its photos, compare them with what is known, measure the best photo.

use std::{
    fs,
    panic::{self, AssertUnwindSafe},
};

use chrono::Utc;
use mungpy_core::reason::{Reason, Section, WithReason};
use sha2::{Digest, Sha256};

use crate::{
    catalogue::{DogRecord, Entry, ListedDog, ListedPhoto, PhotosDigest, Rejection},
    extract::{ExtractError, Extraction, Extractor},
    files::{self, PhotoFileError},
    photo::PhotoError,
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

/// Compares a dog's photos with what is known about it and measures them if need be.
///
/// Photos are held one at a time. They are read once to be compared, and again to be measured.
pub(super) fn process(
    extractor: &mut Extractor,
    dog: &ListedDog,
    known: Option<&Entry>,
) -> Outcome {
    if dog.photos.is_empty() {
        let message = "the dog has no photo".to_owned();
        return Outcome::Failed { reason: Reason::DogWithoutPhoto, message };
    }
    let digest = match digest_of(dog) {
        Ok(digest) => digest,
        Err(failed) => return failed,
    };
    match known {
        Some(entry) if entry.is_of(&digest, extractor.version()) && holds(entry, dog) => {
            refreshed(entry, dog)
        }
        _ => measure(extractor, dog, digest),
    }
}

/// The bytes of a photo, or why it is refused unread.
///
/// # Errors
/// The photo cannot be read, which is no fault of the photo.
fn read(photo: &ListedPhoto) -> Result<Result<Vec<u8>, PhotoError>, Outcome> {
    match files::read_photo(&photo.path) {
        Ok(bytes) => Ok(Ok(bytes)),
        Err(PhotoFileError::Refused(error)) => Ok(Err(error)),
        Err(PhotoFileError::Unreadable(error)) => {
            let message = format!("{}: {error}", photo.path.display());
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

fn location(photo: &ListedPhoto) -> String {
    let path = fs::canonicalize(&photo.path).unwrap_or_else(|_| photo.path.clone());
    path.to_string_lossy().into_owned()
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

fn measure(extractor: &mut Extractor, dog: &ListedDog, expected: PhotosDigest) -> Outcome {
    let mut best: Option<(usize, Box<Extraction>)> = None;
    let mut refusal: Option<ExtractError> = None;
    let mut hasher = Sha256::new();
    for (index, photo) in dog.photos.iter().enumerate() {
        let photo = match read(photo) {
            Ok(photo) => photo,
            Err(failed) => return failed,
        };
        add(&mut hasher, &photo);
        match attempt(extractor, photo) {
            Attempt::Usable(found)
                if best.as_ref().is_none_or(|(_, b)| found.quality.rank() > b.quality.rank()) =>
            {
                best = Some((index, found));
            }
            Attempt::Usable(_) => {}
            Attempt::Refused(error) => {
                refusal = Some(match refusal {
                    Some(known) => known.or_of_machine(error),
                    None => error,
                });
            }
            Attempt::Panicked => {
                let message = "the measurement of a photo panicked".to_owned();
                return Outcome::Failed { reason: Reason::Internal, message };
            }
        }
    }
    if PhotosDigest::from(hasher.finalize()) != expected {
        let message = "a photo was replaced while it was measured; the next batch reads it again";
        return Outcome::Failed { reason: Reason::PhotoUnreadable, message: message.to_owned() };
    }
    concluded(dog, best, refusal, expected, extractor.version())
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
        (Some(_), Some(error @ ExtractError::Photo(PhotoError::OutOfMemory))) => {
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

fn attempt(extractor: &mut Extractor, photo: Result<Vec<u8>, PhotoError>) -> Attempt {
    let measured = || extractor.extract_usable(&photo?);
    match panic::catch_unwind(AssertUnwindSafe(measured)) {
        Ok(Ok(found)) => Attempt::Usable(Box::new(found)),
        Ok(Err(error)) => Attempt::Refused(error),
        Err(_) => Attempt::Panicked,
    }
}
