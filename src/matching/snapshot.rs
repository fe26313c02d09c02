//! A published catalogue, loaded and indexed.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use mungpy_core::{
    face::{Landmarks, Quality, RATIO_COUNT},
    index::{Index, IndexDog},
    resemblance::Population,
    temperament::Questionnaire,
};
use mungpy_proto::v1::AttributeFilter;

use super::attributes::{AttributeIndex, DogSet};
use crate::catalogue::{Catalogue, DogRecord, PhotosDigest, SearchTables};

/// What a server searches at a given moment. It is immutable; a newer snapshot replaces it.
pub struct Snapshot {
    /// Version of the catalogue.
    pub version: u64,
    /// When the catalogue was published.
    pub published_at: DateTime<Utc>,
    /// Version of the models that measured the dogs.
    pub model_version: String,
    /// The dogs, ready to be searched.
    pub index: Index,
    /// What else is known of a dog, by its number in the index.
    dogs: Vec<Dog>,
    attributes: AttributeIndex,
    /// Ids of the dogs that will leave, the first to leave first.
    leaving: Vec<(DateTime<Utc>, String)>,
}

/// What people should know who want to adopt a dog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adoption {
    /// `name`, `shelter`, `phone`, `page` and so on.
    pub attributes: BTreeMap<String, String>,
    /// When it can no longer be adopted, as far as the source knows.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What is known of a dog beside its place in the index. What many dogs share is held once, because
/// there may be hundreds of thousands.
#[derive(Debug, Clone)]
pub struct Dog {
    /// What people should know who want to adopt it.
    pub adoption: Adoption,
    /// Name of the source that lists it.
    pub source: Arc<str>,
    /// Path or address of the photo that was measured.
    pub photo_location: Box<str>,
    /// Digest of all its photos.
    pub photos_digest: PhotosDigest,
    /// Axis key to side key of the temperament questionnaire.
    pub traits: Arc<BTreeMap<String, String>>,
    /// How far to trust its measurement.
    pub quality: Quality,
    /// When it was measured.
    pub enrolled_at: DateTime<Utc>,
    landmarks: [[f32; 2]; 16],
    log_ratios: [f32; RATIO_COUNT],
}

impl Dog {
    /// The 16 landmarks, in pixels of the upright photo.
    pub fn landmarks(&self) -> Landmarks {
        Landmarks(self.landmarks.map(|point| point.map(f64::from)))
    }

    /// Natural logarithms of the facial ratios.
    pub fn log_ratios(&self) -> [f64; RATIO_COUNT] {
        self.log_ratios.map(f64::from)
    }

    /// Whether it can still be adopted at a time, as far as the source knows.
    pub fn is_left(&self, now: DateTime<Utc>) -> bool {
        self.adoption.expires_at.is_none_or(|time| time > now)
    }
}

impl Snapshot {
    /// Builds the index over a catalogue, for persons of a population. Dogs that can no longer be
    /// adopted by now are left out.
    pub fn of(catalogue: Catalogue, questionnaire: &Questionnaire, persons: &Population) -> Self {
        let now = Utc::now();
        let Catalogue { version, published_at, model_version, dogs, tables } = catalogue;
        let mut records = dogs;
        records.retain(|dog| dog.is_left(now));
        let index = index_of(tables.as_ref(), &records, questionnaire, persons);
        let mut leaving: Vec<(DateTime<Utc>, String)> =
            records.iter().filter_map(|dog| Some((dog.expires_at?, dog.dog_id.clone()))).collect();
        leaving.sort_unstable();
        let dogs = dogs_of(&index, records);
        let attributes = AttributeIndex::default();
        Self { version, published_at, model_version, index, dogs, attributes, leaving }
    }

    /// What is known of a dog, by its number in the index.
    pub fn dog(&self, number: u32) -> &Dog {
        &self.dogs[number as usize]
    }

    /// The number of a dog; `None` if the catalogue holds no dog of this id.
    pub fn number_of(&self, dog_id: &str) -> Option<u32> {
        self.index.number(dog_id)
    }

    /// What people should know about a dog, by its number in the index.
    pub fn adoption(&self, dog: u32) -> &Adoption {
        &self.dog(dog).adoption
    }

    /// The dogs that pass all filters; `None` if there is no filter, so that all do.
    pub fn passing(&self, filters: &[AttributeFilter]) -> Option<DogSet> {
        self.attributes.passing(&self.dogs, filters)
    }

    /// The values of an attribute and the numbers of the dogs that have each, in the order of the
    /// values in lower case.
    pub fn values_of(&self, attribute: &str) -> impl Iterator<Item = (&str, &[u32])> {
        self.attributes.values_of(&self.dogs, attribute)
    }

    /// Number of dogs that can still be adopted.
    pub fn left(&self, now: DateTime<Utc>) -> usize {
        self.index.len().saturating_sub(self.expired(now).count())
    }

    /// Ids of the dogs that can no longer be adopted, although the index still holds them.
    pub fn expired(&self, now: DateTime<Utc>) -> impl Iterator<Item = &str> {
        let count = self.leaving.partition_point(|(time, _)| *time <= now);
        self.leaving[..count].iter().map(|(_, dog_id)| dog_id.as_str())
    }
}

/// The index, from the tables that the batch has worked out if they fit.
fn index_of(
    tables: Option<&SearchTables>,
    records: &[DogRecord],
    questionnaire: &Questionnaire,
    persons: &Population,
) -> Index {
    let dog = |record: &DogRecord| IndexDog {
        profile: questionnaire.profile(&record.traits),
        dog_id: record.dog_id.clone(),
        image_id: record.image_id.clone(),
        measurement: record.measurement,
    };
    let dogs = records.iter().map(dog).collect();
    let refs: Vec<&DogRecord> = records.iter().collect();
    match tables.and_then(|tables| tables.of_dogs(persons, &refs)) {
        Some(tables) => Index::with_tables(dogs, tables),
        None => Index::build(dogs, persons),
    }
}

/// What is known of each dog, in the order of the index. If an id occurs more than once, the last
/// dog wins, as in the index. What a record holds is moved, because there may be a million.
fn dogs_of(index: &Index, records: Vec<DogRecord>) -> Vec<Dog> {
    let (mut sources, mut traits) = (HashSet::new(), HashSet::new());
    let mut dogs: Vec<Option<Dog>> = vec![None; index.len()];
    for record in records {
        let Some(number) = index.number(&record.dog_id) else { continue };
        dogs[number as usize] = Some(Dog {
            adoption: Adoption { attributes: record.attributes, expires_at: record.expires_at },
            source: shared(&mut sources, Arc::from(record.source)),
            photo_location: record.photo_location.into_boxed_str(),
            photos_digest: record.photos_digest,
            traits: shared(&mut traits, Arc::new(record.traits)),
            quality: record.quality,
            enrolled_at: record.enrolled_at,
            landmarks: record.landmarks.0.map(|point| point.map(|c| c as f32)),
            log_ratios: record.measurement.log_ratios.map(|ratio| ratio as f32),
        });
    }
    dogs.into_iter().map(|dog| dog.expect("the index was built of these dogs")).collect()
}

/// The value that is known already, if it is equal.
fn shared<T: ?Sized + Eq + std::hash::Hash>(known: &mut HashSet<Arc<T>>, value: Arc<T>) -> Arc<T> {
    if let Some(known) = known.get(&value) {
        return Arc::clone(known);
    }
    known.insert(Arc::clone(&value));
    value
}
