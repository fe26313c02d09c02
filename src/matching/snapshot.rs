//! A published catalogue, loaded and indexed.

use chrono::{DateTime, Utc};
use mungpy_core::{
    index::{Index, IndexDog},
    resemblance::Population,
    temperament::Questionnaire,
};

use crate::catalogue::Catalogue;

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
}

impl Snapshot {
    /// Builds the index over a catalogue, for persons of a population.
    pub fn of(catalogue: &Catalogue, questionnaire: &Questionnaire, persons: &Population) -> Self {
        let dogs = catalogue
            .dogs
            .iter()
            .map(|record| IndexDog {
                profile: questionnaire.profile(&record.traits),
                dog_id: record.dog_id.clone(),
                image_id: record.image_id.clone(),
                measurement: record.measurement,
            })
            .collect();
        Self {
            version: catalogue.version,
            published_at: catalogue.published_at,
            model_version: catalogue.model_version.clone(),
            index: Index::build(dogs, persons),
        }
    }
}
