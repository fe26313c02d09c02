//! Measures the photos of dogs: decodes them, finds the best face, and makes a record of it.

use std::panic::{self, AssertUnwindSafe};

use chrono::Utc;
use mungpy_core::reason::{Reason, WithReason};
use sha2::{Digest, Sha256};

use super::{
    outcome::Outcome,
    preparation::{LocalFile, LocalPhoto, Prepared, Ready, unreadable},
    source::Listed,
};
use crate::{
    catalogue::{DogRecord, PhotoStamp, Rejection, digest_of},
    extract::{ExtractError, Extraction, Extractor},
    files::{self, PhotoFileError},
    photo::{Photo, PhotoError},
};

/// Measures the dogs that must be, and passes the others on. At most `batch_size` photos are held
/// at a time.
pub(super) fn process<'a>(
    extractor: &mut Extractor,
    dogs: Vec<Ready<'a>>,
    batch_size: usize,
) -> Vec<(&'a Listed, Outcome)> {
    let mut dogs: Vec<Result<Candidate, (&Listed, Outcome)>> = dogs
        .into_iter()
        .map(|dog| match dog {
            Ready::Measure(prepared) => Ok(Candidate::new(prepared)),
            Ready::Done(listed, outcome) => Err((listed, outcome)),
        })
        .collect();
    measure(extractor, dogs.iter_mut().flatten(), batch_size);
    let version = extractor.version();
    let outcome = |dog: Result<Candidate<'a>, _>| match dog {
        Ok(candidate) => (candidate.dog.listed, candidate.outcome(version)),
        Err(done) => done,
    };
    dogs.into_iter().map(outcome).collect()
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
    dog: Prepared<'a>,
    best: Option<(usize, Box<Extraction>)>,
    /// Why photos were refused, with their numbers.
    refusals: Vec<(usize, ExtractError)>,
    failed: Option<Outcome>,
}

impl<'a> Candidate<'a> {
    fn new(dog: Prepared<'a>) -> Self {
        Self { dog, best: None, refusals: Vec::new(), failed: None }
    }

    /// Reads a photo. One that cannot be measured is noted.
    fn decode(&mut self, index: usize) -> Option<Photo> {
        if self.failed.is_some() {
            return None;
        }
        let bytes = match self.read(index) {
            Ok(bytes) => bytes,
            Err(failed) => {
                self.failed = Some(failed);
                return None;
            }
        };
        let decoded = panic::catch_unwind(|| Photo::decode(&bytes?));
        match decoded {
            Ok(Ok(photo)) => return Some(photo),
            Ok(Err(error)) => self.add(index, Attempt::Refused(error.into())),
            Err(_) => self.add(index, Attempt::Panicked),
        }
        None
    }

    /// The bytes of a photo, or why it is refused unread.
    ///
    /// # Errors
    /// The file cannot be read, or is another one by now.
    fn read(&self, index: usize) -> Result<Result<Vec<u8>, PhotoError>, Outcome> {
        let photo = &self.dog.photos[index];
        let path = match &photo.file {
            LocalFile::Own(path) => path,
            LocalFile::Fetched(path) => &path.to_path_buf(),
            LocalFile::Known(_) => unreachable!("what is measured has been fetched"),
            LocalFile::TooLarge(bytes) => {
                return Ok(Err(PhotoError::TooManyBytes { bytes: *bytes }));
            }
        };
        match files::read_photo(path) {
            Ok(bytes) if <[u8; 32]>::from(Sha256::digest(&bytes)) == photo.stamp.sha256 => {
                Ok(Ok(bytes))
            }
            // It was refused in an earlier run and is the same.
            Err(PhotoFileError::Refused(error)) if photo.stamp.is_of_refusal(&error) => {
                Ok(Err(error))
            }
            Ok(_) | Err(PhotoFileError::Refused(_)) => Err(Outcome::failed(
                Reason::PhotoUnreadable,
                "a photo was replaced while it was measured; the next batch reads it again",
            )),
            Err(PhotoFileError::Unreadable(error)) => Err(unreadable(path, &error)),
        }
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
        // What cannot be decoded is refused before what waits to be measured.
        self.refusals.sort_by_key(|&(index, _)| index);
        let errors = self.refusals.into_iter().map(|(_, error)| error);
        let refusal = errors.reduce(ExtractError::or_of_machine);
        concluded(self.dog, self.best, refusal, version)
    }
}

/// The outcome once all photos of a dog were looked at.
fn concluded(
    dog: Prepared<'_>,
    best: Option<(usize, Box<Extraction>)>,
    refusal: Option<ExtractError>,
    version: &str,
) -> Outcome {
    match (best, refusal, dog.missing) {
        // The other photo may be the better one.
        (_, Some(error), _) if !error.is_fault_of_photo() => {
            Outcome::failed(error.reason(), &error.to_string())
        }
        (Some((index, found)), _, missing) => {
            let record = Box::new(record(dog.listed, dog.photos, index, &found, version));
            Outcome::Enrolled { record, missing }
        }
        // The photo that is not there may show the face.
        (None, _, Some((reason, message))) => Outcome::Failed { reason, message },
        (None, Some(error), None) => {
            let photos = stamps(dog.photos);
            Outcome::Rejected(Box::new(Rejection {
                dog_id: dog.listed.dog.dog_id.clone(),
                photos_digest: digest_of(&photos),
                model_version: version.to_owned(),
                reason: error.reason(),
                message: error.to_string(),
                source: dog.listed.source.to_string(),
                photos,
            }))
        }
        (None, None, None) => unreachable!("a dog without photos was turned away before"),
    }
}

fn stamps(photos: Vec<LocalPhoto<'_>>) -> Vec<PhotoStamp> {
    photos.into_iter().map(|photo| photo.stamp).collect()
}

/// The record of a dog whose photo of that number shows the best face.
fn record(
    listed: &Listed,
    photos: Vec<LocalPhoto<'_>>,
    best: usize,
    found: &Extraction,
    version: &str,
) -> DogRecord {
    let dog = &listed.dog;
    let LocalPhoto { image_id, location, .. } = &photos[best];
    let (image_id, photo_location) = (image_id.clone(), location.clone());
    let photos = stamps(photos);
    DogRecord {
        dog_id: dog.dog_id.clone(),
        image_id: dog.image_id.clone().unwrap_or(image_id),
        photo_location,
        source: listed.source.to_string(),
        photos_digest: digest_of(&photos),
        photos,
        attributes: dog.attributes.clone(),
        expires_at: dog.expires_at,
        traits: dog.traits.clone(),
        model_version: version.to_owned(),
        landmarks: found.landmarks,
        measurement: found.measurement,
        quality: found.quality,
        enrolled_at: Utc::now(),
        handicap: 0.0,
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
