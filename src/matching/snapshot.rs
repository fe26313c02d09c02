//! A published catalogue, loaded and indexed.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use mungpy_core::{
    index::{Index, IndexDog},
    resemblance::Population,
    temperament::Questionnaire,
};

use crate::catalogue::{Catalogue, DogRecord};

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
    /// What people should know about a dog, by its number in the index.
    adoption: Vec<Adoption>,
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

impl Snapshot {
    /// Builds the index over a catalogue, for persons of a population. Dogs that can no longer be
    /// adopted by now are left out.
    pub fn of(catalogue: &Catalogue, questionnaire: &Questionnaire, persons: &Population) -> Self {
        let now = Utc::now();
        let is_left = |dog: &&DogRecord| dog.expires_at.is_none_or(|time| time > now);
        let records: Vec<&DogRecord> = catalogue.dogs.iter().filter(is_left).collect();
        let index = index_of(catalogue, &records, questionnaire, persons);
        let mut leaving: Vec<(DateTime<Utc>, String)> =
            records.iter().filter_map(|dog| Some((dog.expires_at?, dog.dog_id.clone()))).collect();
        leaving.sort_unstable();
        Self {
            version: catalogue.version,
            published_at: catalogue.published_at,
            model_version: catalogue.model_version.clone(),
            adoption: adoption_of(&index, &records),
            index,
            leaving,
        }
    }

    /// What people should know about a dog, by its number in the index.
    pub fn adoption(&self, dog: u32) -> &Adoption {
        &self.adoption[dog as usize]
    }

    /// Ids of the dogs that can no longer be adopted, although the index still holds them.
    pub fn expired(&self, now: DateTime<Utc>) -> impl Iterator<Item = &str> {
        let count = self.leaving.partition_point(|(time, _)| *time <= now);
        self.leaving[..count].iter().map(|(_, dog_id)| dog_id.as_str())
    }
}

/// The index, from the tables that the batch has worked out if they fit.
fn index_of(
    catalogue: &Catalogue,
    records: &[&DogRecord],
    questionnaire: &Questionnaire,
    persons: &Population,
) -> Index {
    let dog = |record: &&DogRecord| IndexDog {
        profile: questionnaire.profile(&record.traits),
        dog_id: record.dog_id.clone(),
        image_id: record.image_id.clone(),
        measurement: record.measurement,
    };
    let dogs = records.iter().map(dog).collect();
    match catalogue.tables.as_ref().and_then(|tables| tables.of_dogs(persons, records)) {
        Some(tables) => Index::with_tables(dogs, tables),
        None => Index::build(dogs, persons),
    }
}

fn adoption_of(index: &Index, records: &[&DogRecord]) -> Vec<Adoption> {
    let mut by_id: HashMap<&str, &DogRecord> =
        records.iter().map(|record| (record.dog_id.as_str(), *record)).collect();
    (0..index.len() as u32)
        .map(|number| match by_id.remove(index.dog_id(number)) {
            Some(record) => {
                Adoption { attributes: record.attributes.clone(), expires_at: record.expires_at }
            }
            None => Adoption::default(),
        })
        .collect()
}
