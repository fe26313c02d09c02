//! The work for one dog: read its photos, compare them with what is known, measure the best photo.

use std::{
    fs,
    panic::{self, AssertUnwindSafe},
};

use chrono::Utc;
use mungpy_core::reason::{Reason, WithReason};
use sha2::{Digest, Sha256};

use crate::{
    catalogue::{DogRecord, Entry, ListedDog, ListedPhoto, PhotosDigest, Rejection},
    extract::{ExtractError, Extraction, Extractor},
};

/// The outcome for one dog.
pub(super) enum Outcome {
    /// Photos, models and traits are unchanged.
    Unchanged(Entry),
    /// Only traits or image id changed.
    Updated(Entry),
    /// The dog was measured and can be matched.
    Enrolled(Entry),
    /// No photo gave a usable face.
    Rejected(Rejection),
    /// The photos are not at fault. What is known about the dog stays as it is, and the next batch
    /// tries again.
    Failed { reason: Reason, message: String },
}

pub(super) fn process(
    extractor: &mut Extractor,
    dog: &ListedDog,
    known: Option<&Entry>,
) -> Outcome {
    let mut photos = Vec::with_capacity(dog.photos.len());
    for photo in &dog.photos {
        match fs::read(&photo.path) {
            Ok(bytes) => photos.push(bytes),
            Err(error) => {
                let message = format!("{}: {error}", photo.path.display());
                return Outcome::Failed { reason: Reason::PhotoUnreadable, message };
            }
        }
    }
    let digest = digest_of(&photos);
    match known {
        Some(entry) if entry.is_of(&digest, extractor.version()) && is_in_place(entry, dog) => {
            refreshed(entry, dog)
        }
        _ => measure(extractor, dog, &photos, digest),
    }
}

fn digest_of(photos: &[Vec<u8>]) -> PhotosDigest {
    let mut hasher = Sha256::new();
    for photo in photos {
        hasher.update((photo.len() as u64).to_le_bytes());
        hasher.update(photo);
    }
    hasher.finalize().into()
}

/// Whether the measured photo is still at the same path.
fn is_in_place(entry: &Entry, dog: &ListedDog) -> bool {
    match entry {
        Entry::Dog(record) => {
            dog.photos.iter().any(|photo| location(photo) == record.photo_location)
        }
        Entry::Rejected(_) => true,
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
    Outcome::Updated(Entry::Dog(Box::new(record)))
}

fn measure(
    extractor: &mut Extractor,
    dog: &ListedDog,
    photos: &[Vec<u8>],
    photos_digest: PhotosDigest,
) -> Outcome {
    let mut best: Option<(usize, Box<Extraction>)> = None;
    let mut refusal: Option<ExtractError> = None;
    for (index, bytes) in photos.iter().enumerate() {
        match attempt(extractor, bytes) {
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
    let model_version = extractor.version().to_owned();
    match (best, refusal) {
        (Some((index, found)), _) => Outcome::Enrolled(Entry::Dog(Box::new(DogRecord {
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
        }))),
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
        (None, None) => Outcome::Failed {
            reason: Reason::DogWithoutPhoto,
            message: "the dog has no photo".to_owned(),
        },
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

fn attempt(extractor: &mut Extractor, bytes: &[u8]) -> Attempt {
    match panic::catch_unwind(AssertUnwindSafe(|| extractor.extract_usable(bytes))) {
        Ok(Ok(found)) => Attempt::Usable(Box::new(found)),
        Ok(Err(error)) => Attempt::Refused(error),
        Err(_) => Attempt::Panicked,
    }
}
