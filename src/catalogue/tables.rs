//! What a search needs that depends on all dogs, as the batch publishes it.

use mungpy_core::{
    face::Measurement,
    index::Tables,
    resemblance::{Calibration, Population, Space},
};
use mungpy_proto::store;
use sha2::{Digest, Sha256};

use super::{DogRecord, stamp::digest};

/// What a search for the dogs of a catalogue needs, for persons of one population. The handicap of
/// each dog is in its record.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchTables {
    /// SHA-256 of the population of persons.
    persons: [u8; 32],
    /// The population of the dogs.
    dogs: Population,
    /// Ascending squared distances between random persons and dogs.
    distances: Vec<f64>,
}

impl SearchTables {
    /// Works the tables out, and sets the handicap of each dog.
    pub fn assign(persons: &Population, dogs: &mut [DogRecord]) -> Self {
        let measurements: Vec<Measurement> = dogs.iter().map(|dog| dog.measurement).collect();
        let population = Space::dogs_of_catalogue(&measurements);
        let tables = Tables::of(Space::new(persons, &population), &measurements);
        for (dog, handicap) in dogs.iter_mut().zip(tables.handicaps) {
            dog.handicap = handicap;
        }
        let distances = tables.calibration.distances().to_vec();
        Self { persons: key_of(persons), dogs: population, distances }
    }

    /// The tables for a search among some of the dogs, in their order; `None` if they were made for
    /// other persons.
    pub fn of_dogs(&self, persons: &Population, dogs: &[&DogRecord]) -> Option<Tables> {
        if !self.are_for(persons) {
            return None;
        }
        Some(Tables {
            space: Space::new(persons, &self.dogs),
            handicaps: dogs.iter().map(|dog| dog.handicap).collect(),
            calibration: Calibration::restored(self.distances.clone())?,
        })
    }

    /// Whether they were made for these persons.
    pub fn are_for(&self, persons: &Population) -> bool {
        self.persons == key_of(persons)
    }

    /// Restores tables; `None` if this version does not understand them.
    pub(super) fn from_message(tables: store::SearchTables) -> Option<Self> {
        Calibration::restored(tables.distances.clone())?;
        Some(Self {
            persons: digest(&tables.persons)?,
            dogs: Population::parse(&tables.dogs).ok()?,
            distances: tables.distances,
        })
    }
}

impl From<&SearchTables> for store::SearchTables {
    fn from(tables: &SearchTables) -> Self {
        Self {
            persons: tables.persons.to_vec(),
            dogs: to_json(&tables.dogs),
            distances: tables.distances.clone(),
        }
    }
}

fn key_of(persons: &Population) -> [u8; 32] {
    Sha256::digest(to_json(persons)).into()
}

fn to_json(population: &Population) -> String {
    serde_json::to_string(population).expect("a population is plain data")
}
