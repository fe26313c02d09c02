//! An immutable snapshot of the catalogue, ready to be searched.
//!
//! Dogs are grouped by temperament profile; each large group has a kd-tree over
//! its coarse vectors. A search picks the groups that fit the answers and finds
//! the nearest dogs in two stages, exactly as brute force would.

mod group;
mod search;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    face::{Landmarks, Measurement, Species},
    resemblance::{Calibration, Embedding, Space, level},
    temperament::{Agreement, Answers, Policy, Profile},
};
use group::Group;

/// A dog as the index takes it in.
#[derive(Debug, Clone)]
pub struct IndexDog {
    /// Id of the dog, unique in the catalogue.
    pub dog_id: String,
    /// Id of its photo.
    pub image_id: String,
    /// Where its source keeps that photo.
    pub photo_location: String,
    /// Its landmarks in pixels of that photo.
    pub landmarks: Landmarks,
    /// Its traits.
    pub profile: Profile,
    /// Its proportions.
    pub measurement: Measurement,
}

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Query<'a> {
    /// The person's proportions.
    pub person: &'a Measurement,
    /// The person's answers.
    pub answers: &'a Answers,
    /// How the answers filter.
    pub policy: Policy,
    /// Dogs to name, at least one.
    pub top: usize,
    /// Ids of dogs that must not be named; unknown ids do no harm.
    pub excluded: &'a HashSet<String>,
}

/// The answer to a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The nearest dogs, the nearest first; equally near ones by dog id.
    pub hits: Vec<Hit>,
    /// Dogs that were left after filter and exclusions.
    pub candidates: usize,
}

/// A dog that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Number of the dog in the index.
    pub dog: u32,
    /// Squared distance in the common space, both stages.
    pub distance_squared: f64,
    /// Agreement with the answers.
    pub agreement: Agreement,
}

/// The catalogue in the form in which it is searched.
pub struct Index {
    dogs: Vec<IndexDog>,
    embeddings: Vec<Embedding>,
    numbers: HashMap<String, u32>,
    groups: Vec<Group>,
    space: Space,
    calibration: Calibration,
}

impl Index {
    /// Builds the index. Of dogs with the same id the last is kept.
    pub fn build(dogs: Vec<IndexDog>) -> Self {
        let measurements: Vec<Measurement> = dogs.iter().map(|dog| dog.measurement).collect();
        Self::in_space(dogs, Space::for_catalogue(&measurements))
    }

    /// Builds the index in a given space.
    pub fn in_space(dogs: Vec<IndexDog>, space: Space) -> Self {
        let unique: BTreeMap<String, IndexDog> =
            dogs.into_iter().map(|dog| (dog.dog_id.clone(), dog)).collect();
        let dogs: Vec<IndexDog> = unique.into_values().collect();
        let mut embeddings: Vec<Embedding> =
            dogs.iter().map(|dog| space.embed(Species::Dog, &dog.measurement)).collect();
        level(&space, &mut embeddings);
        let mut members: BTreeMap<&Profile, Vec<u32>> = BTreeMap::new();
        for (number, dog) in dogs.iter().enumerate() {
            members.entry(&dog.profile).or_default().push(number as u32);
        }
        let groups = members
            .into_iter()
            .map(|(profile, members)| Group::new(profile.clone(), members, &embeddings))
            .collect();
        let numbers =
            dogs.iter().enumerate().map(|(i, dog)| (dog.dog_id.clone(), i as u32)).collect();
        let calibration = Calibration::new(&space, &embeddings);
        Self { dogs, embeddings, numbers, groups, space, calibration }
    }

    /// Number of dogs.
    pub fn len(&self) -> usize {
        self.dogs.len()
    }

    /// Whether there is no dog.
    pub fn is_empty(&self) -> bool {
        self.dogs.is_empty()
    }

    /// A dog by its number, as [`Hit::dog`] gives it.
    pub fn dog(&self, number: u32) -> &IndexDog {
        &self.dogs[number as usize]
    }

    /// A dog's place in the common space, with its handicap.
    pub fn embedding(&self, number: u32) -> &Embedding {
        &self.embeddings[number as usize]
    }

    /// The common space of persons and these dogs.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// 0 to 100: the share of random person–dog pairs that are less alike.
    pub fn score(&self, distance_squared: f64) -> f64 {
        self.calibration.score(distance_squared)
    }

    /// The dogs nearest to a person among those that fit.
    pub fn search(&self, query: &Query<'_>) -> Found {
        search::search(self, query)
    }
}
