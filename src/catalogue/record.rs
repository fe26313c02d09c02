//! What is known about one dog, and its format on disk.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use mungpy_core::{
    face::{Landmarks, LogRatios, Measurement, Quality, SymmetricShape},
    reason::Reason,
};
use mungpy_proto::{store, v1};

use super::{PhotoStamp, PhotosDigest, frame, stamp::digest};
use crate::messages;

/// A dog that can be matched.
#[derive(Debug, Clone, PartialEq)]
pub struct DogRecord {
    /// Id of the dog, unique in its source.
    pub dog_id: String,
    /// Id of the photo that was measured.
    pub image_id: String,
    /// Path or address of that photo.
    pub photo_location: String,
    /// Name of the source that lists it.
    pub source: String,
    /// All its photos, in the order of the source.
    pub photos: Vec<PhotoStamp>,
    /// Digest of all its photos, to detect changes.
    pub photos_digest: PhotosDigest,
    /// What people should know who want to adopt it: `name`, `shelter`, `phone`, `page` and so on.
    pub attributes: BTreeMap<String, String>,
    /// When it can no longer be adopted, as far as the source knows.
    pub expires_at: Option<DateTime<Utc>>,
    /// Axis key to side key of the temperament questionnaire.
    pub traits: BTreeMap<String, String>,
    /// Version of the models that measured it.
    pub model_version: String,
    /// The 16 landmarks in pixels of the upright photo.
    pub landmarks: Landmarks,
    /// Its proportions.
    pub measurement: Measurement,
    /// How far to trust the measurement.
    pub quality: Quality,
    /// When it was measured.
    pub enrolled_at: DateTime<Utc>,
    /// What the batch adds to its distance from persons, see [`mungpy_core::resemblance::assign_handicaps`].
    pub handicap: f32,
}

/// A dog whose photos gave no usable face. It is kept so that the next batch does not try the same
/// photos with the same models again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Id of the dog.
    pub dog_id: String,
    /// Digest of all its photos.
    pub photos_digest: PhotosDigest,
    /// Version of the models that found no usable face.
    pub model_version: String,
    /// The reason.
    pub reason: Reason,
    /// The reason in words, for people.
    pub message: String,
    /// Name of the source that lists the dog.
    pub source: String,
    /// All photos of the dog.
    pub photos: Vec<PhotoStamp>,
}

/// What is known about one dog of the source.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// The dog can be matched.
    Dog(Box<DogRecord>),
    /// The dog cannot be matched.
    Rejected(Rejection),
}

impl Entry {
    /// Id of the dog.
    pub fn dog_id(&self) -> &str {
        match self {
            Self::Dog(record) => &record.dog_id,
            Self::Rejected(rejection) => &rejection.dog_id,
        }
    }

    /// Name of the source that lists the dog; empty in a store of version 0.2.
    pub fn source(&self) -> &str {
        match self {
            Self::Dog(record) => &record.source,
            Self::Rejected(rejection) => &rejection.source,
        }
    }

    /// The photos of the dog when they were last looked at.
    pub fn photos(&self) -> &[PhotoStamp] {
        match self {
            Self::Dog(record) => &record.photos,
            Self::Rejected(rejection) => &rejection.photos,
        }
    }

    /// Digest of the photos.
    pub fn photos_digest(&self) -> &PhotosDigest {
        match self {
            Self::Dog(record) => &record.photos_digest,
            Self::Rejected(rejection) => &rejection.photos_digest,
        }
    }

    /// Version of the models that looked at the photos.
    pub fn model_version(&self) -> &str {
        match self {
            Self::Dog(record) => &record.model_version,
            Self::Rejected(rejection) => &rejection.model_version,
        }
    }

    /// Encodes checksum and protobuf message.
    pub fn encode(&self) -> Vec<u8> {
        let kind = match self {
            Self::Dog(record) => store::entry::Kind::Dog(record.as_ref().into()),
            Self::Rejected(rejection) => store::entry::Kind::Rejection(rejection.into()),
        };
        frame::encode(&store::Entry { kind: Some(kind) })
    }

    /// Decodes an entry; `None` if the bytes are damaged.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        match frame::decode::<store::Entry>(bytes)?.kind? {
            store::entry::Kind::Dog(record) => {
                Some(Self::Dog(Box::new(DogRecord::from_message(record)?)))
            }
            store::entry::Kind::Rejection(rejection) => {
                Some(Self::Rejected(Rejection::from_message(rejection)?))
            }
        }
    }
}

impl From<&DogRecord> for store::DogRecord {
    fn from(record: &DogRecord) -> Self {
        Self {
            dog_id: record.dog_id.clone(),
            image_id: record.image_id.clone(),
            photo_location: record.photo_location.clone(),
            photos_digest: record.photos_digest.to_vec(),
            traits: record.traits.clone(),
            model_version: record.model_version.clone(),
            landmarks: record.landmarks.0.iter().flatten().map(|&c| c as f32).collect(),
            log_ratios: record.measurement.log_ratios.to_vec(),
            shape: record.measurement.shape.coordinates().map(|c| c as f32).to_vec(),
            quality: Some(messages::of_quality(record.quality)),
            enrolled_at: record.enrolled_at.timestamp(),
            source: record.source.clone(),
            photos: record.photos.iter().map(Into::into).collect(),
            attributes: record.attributes.clone(),
            expires_at: record.expires_at.map(|time| time.timestamp()),
            handicap: record.handicap,
        }
    }
}

impl DogRecord {
    /// Whether it can still be adopted at a time, as far as the source knows.
    pub fn is_left(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_none_or(|time| time > now)
    }

    /// The record as it is once it was written and read, so that what is worked out from it does
    /// not depend on which run measured the dog. `None` if it could not be read.
    pub fn as_kept(&self) -> Option<Self> {
        Self::from_message(self.into())
    }

    /// Converts a message; `None` if this version does not understand it, or if a number of it is
    /// none.
    pub(super) fn from_message(record: store::DogRecord) -> Option<Self> {
        let shape = SymmetricShape::restored(points(&record.shape)?)?;
        let log_ratios: LogRatios = record.log_ratios.try_into().ok()?;
        log_ratios.iter().all(|ratio| ratio.is_finite()).then_some(())?;
        Some(Self {
            dog_id: record.dog_id,
            image_id: record.image_id,
            photo_location: record.photo_location,
            photos_digest: digest(&record.photos_digest)?,
            traits: record.traits,
            model_version: record.model_version,
            landmarks: Landmarks(points(&record.landmarks)?),
            measurement: Measurement { log_ratios, shape },
            quality: quality(record.quality.unwrap_or_default())?,
            enrolled_at: DateTime::from_timestamp(record.enrolled_at, 0)?,
            source: record.source,
            photos: stamps(record.photos)?,
            attributes: record.attributes,
            expires_at: record.expires_at.and_then(|time| DateTime::from_timestamp(time, 0)),
            handicap: Some(record.handicap).filter(|handicap| handicap.is_finite())?,
        })
    }
}

impl From<&Rejection> for store::Rejection {
    fn from(rejection: &Rejection) -> Self {
        Self {
            dog_id: rejection.dog_id.clone(),
            photos_digest: rejection.photos_digest.to_vec(),
            model_version: rejection.model_version.clone(),
            reason: rejection.reason.code().to_owned(),
            message: rejection.message.clone(),
            source: rejection.source.clone(),
            photos: rejection.photos.iter().map(Into::into).collect(),
        }
    }
}

impl Rejection {
    fn from_message(rejection: store::Rejection) -> Option<Self> {
        Some(Self {
            dog_id: rejection.dog_id,
            photos_digest: digest(&rejection.photos_digest)?,
            model_version: rejection.model_version,
            reason: Reason::from_code(&rejection.reason)?,
            message: rejection.message,
            source: rejection.source,
            photos: stamps(rejection.photos)?,
        })
    }
}

fn stamps(photos: Vec<store::PhotoStamp>) -> Option<Vec<PhotoStamp>> {
    photos.into_iter().map(PhotoStamp::from_message).collect()
}

/// A quality; `None` if a number of it is none. An export could not hold it.
fn quality(message: v1::Quality) -> Option<Quality> {
    let v1::Quality { yaw, pitch, roll, interocular, sharpness, landmark_spread } = message;
    let numbers = [yaw, pitch, roll, interocular, sharpness, landmark_spread];
    numbers.into_iter().all(f64::is_finite).then(|| messages::to_quality(message))
}

fn points<const N: usize>(coordinates: &[f32]) -> Option<[[f64; 2]; N]> {
    let sound = coordinates.len() == 2 * N && coordinates.iter().all(|c| c.is_finite());
    sound.then(|| {
        std::array::from_fn(|i| [f64::from(coordinates[2 * i]), f64::from(coordinates[2 * i + 1])])
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message;

    use super::*;

    /// An entry in its bytes, for a dog whose id has `length` characters.
    fn entry(length: usize) -> store::Entry {
        let dog = store::DogRecord {
            dog_id: "a".repeat(length),
            photos_digest: vec![7; 32],
            traits: BTreeMap::from([("energy".to_owned(), "homebody".to_owned())]),
            landmarks: vec![1.0; 32],
            log_ratios: vec![0.1; 10],
            shape: vec![0.2; 32],
            quality: Some(mungpy_proto::v1::Quality::default()),
            ..store::DogRecord::default()
        };
        store::Entry { kind: Some(store::entry::Kind::Dog(dog)) }
    }

    /// Bytes behind a checksum that fits, so that damage reaches what is behind it.
    fn framed(message: &[u8]) -> Vec<u8> {
        [&crc32fast::hash(message).to_le_bytes(), message].concat()
    }

    #[test]
    fn an_entry_is_read_back() {
        assert!(Entry::decode(&framed(&entry(3).encode_to_vec())).is_some());
    }

    #[test]
    fn a_dog_with_a_ratio_that_is_no_number_is_not_read() {
        let mut entry = entry(3);
        let Some(store::entry::Kind::Dog(dog)) = &mut entry.kind else { unreachable!() };
        dog.log_ratios[4] = f64::NAN;
        assert_eq!(Entry::decode(&framed(&entry.encode_to_vec())), None);
    }

    proptest! {
        #[test]
        fn random_bytes_are_no_entry_and_no_panic(bytes: Vec<u8>) {
            prop_assert!(Entry::decode(&bytes).is_none());
            let _ = Entry::decode(&framed(&bytes));
        }

        #[test]
        fn a_damaged_entry_never_panics_and_what_is_read_is_finite(
            length in 0..40_usize,
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut message = entry(length).encode_to_vec();
            for (at, byte) in damage {
                let at = at.index(message.len());
                message[at] = byte;
            }
            message.truncate(cut.index(message.len() + 1));
            if let Some(Entry::Dog(dog)) = Entry::decode(&framed(&message)) {
                let numbers = dog.measurement.shape.coordinates();
                let numbers = numbers.iter().chain(&dog.measurement.log_ratios);
                prop_assert!(numbers.copied().all(f64::is_finite));
            }
        }
    }
}
