//! A published catalogue, loaded and indexed.

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::{
    catalog::{CatalogError, Catalogue},
    index::{Index, IndexDog},
    temperament::Questionnaire,
};

/// What a server searches at a moment. Immutable; a new one takes its place.
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
    /// Reads a published catalogue and builds the index over it.
    pub fn load(path: &Path, questionnaire: &Questionnaire) -> Result<Self, CatalogError> {
        Ok(Self::of(&Catalogue::read(path)?, questionnaire))
    }

    /// Builds the index over a catalogue.
    pub fn of(catalogue: &Catalogue, questionnaire: &Questionnaire) -> Self {
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
            index: Index::build(dogs),
        }
    }
}
