//! An immutable snapshot of the catalogue, ready to be searched.
//!
//! Dogs are grouped by temperament profile; each group has a kd-tree over its embeddings. A search
//! picks the groups that fit the answers and finds the nearest dogs in two stages, with the same
//! result as brute force.

mod group;
mod names;
mod search;
mod tables;

use std::collections::HashSet;

use crate::{
    face::{Measurement, RATIO_COUNT, Species},
    resemblance::{Calibration, Embedding, Population, RatioAgreement, Space, explain},
    temperament::{Agreement, Answers, Policy, Profile},
};
use group::Group;
use names::Names;
pub use tables::Tables;

/// A dog to be indexed.
#[derive(Debug, Clone)]
pub struct IndexDog {
    /// Id of the dog, unique in the catalogue.
    pub dog_id: String,
    /// Id of its photo.
    pub image_id: String,
    /// Its traits.
    pub profile: Profile,
    /// Its proportions.
    pub measurement: Measurement,
}

/// A search request.
#[derive(Debug, Clone)]
pub struct Query<'a> {
    /// The person's proportions.
    pub person: &'a Measurement,
    /// The person's answers.
    pub answers: &'a Answers,
    /// How the answers filter the dogs.
    pub policy: Policy,
    /// Number of dogs to return, at least one.
    pub top: usize,
    /// Ids of dogs to leave out; unknown ids are ignored.
    pub excluded: &'a HashSet<String>,
    /// Numbers of the only dogs to choose from, ascending; all dogs if absent.
    pub allowed: Option<&'a [u32]>,
}

/// The result of a query.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchResult {
    /// The nearest dogs, nearest first; ties are broken by dog id.
    pub hits: Vec<Hit>,
    /// Dogs that remained after filter and exclusions.
    pub candidates: usize,
}

/// A dog in the result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Number of the dog in the index.
    pub dog: u32,
    /// Squared distance in the common space, in double precision.
    pub distance_squared: f64,
    /// Agreement with the answers.
    pub agreement: Agreement,
}

/// Deviations of a dog's ratios from the mean dog, in thousandths of a standard deviation. That is
/// precise enough, because an explanation states tenths.
type Sigmas = [i16; RATIO_COUNT];

/// The catalogue in searchable form, at two hundred bytes a dog because there may be a million.
pub struct Index {
    /// Ordered by profile, then by dog id; a dog's number is its position here.
    names: Names,
    sigmas: Vec<Sigmas>,
    /// Position of each dog in the common space.
    places: Vec<Embedding>,
    /// Dog numbers in the order of their ids.
    by_id: Vec<u32>,
    groups: Vec<Group>,
    space: Space,
    calibration: Calibration,
}

impl Index {
    /// Builds the index for persons of a population. If an id occurs more than once, the last dog
    /// wins.
    pub fn build(dogs: Vec<IndexDog>, persons: &Population) -> Self {
        let measurements: Vec<Measurement> = dogs.iter().map(|dog| dog.measurement).collect();
        Self::in_space(dogs, Space::for_catalogue(persons, &measurements))
    }

    /// Builds the index in a given space.
    pub fn in_space(dogs: Vec<IndexDog>, space: Space) -> Self {
        let measurements: Vec<Measurement> = dogs.iter().map(|dog| dog.measurement).collect();
        Self::with_tables(dogs, Tables::of(space, &measurements))
    }

    /// Builds the index with tables that were made for these dogs, or for more of which some are
    /// left out. `tables` holds the handicap of each dog, in the order of `dogs`.
    pub fn with_tables(dogs: Vec<IndexDog>, tables: Tables) -> Self {
        let Tables { space, handicaps, calibration } = tables;
        let dogs = in_order(dogs, handicaps);
        let place = |(dog, handicap): &(IndexDog, f32)| {
            let mut place = space.embed(Species::Dog, &dog.measurement);
            place.set_handicap(*handicap);
            place
        };
        let places: Vec<Embedding> = dogs.iter().map(place).collect();
        let dogs: Vec<IndexDog> = dogs.into_iter().map(|(dog, _)| dog).collect();
        let mut groups = Vec::new();
        let mut first = 0;
        for members in dogs.chunk_by(|a, b| a.profile == b.profile) {
            let range = first..first + members.len();
            groups.push(Group::new(members[0].profile.clone(), first as u32, &places[range]));
            first += members.len();
        }
        let sigmas = dogs.iter().map(|dog| sigmas(&space, &dog.measurement)).collect();
        let mut names = Names::default();
        for dog in &dogs {
            names.push(&dog.dog_id, &dog.image_id);
        }
        names.shrink();
        let mut by_id: Vec<u32> = (0..dogs.len() as u32).collect();
        by_id.sort_unstable_by_key(|&number| names.dog(number));
        Self { names, sigmas, places, by_id, groups, space, calibration }
    }

    /// Number of dogs.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are no dogs.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Id of a dog by its number, see [`Hit::dog`].
    pub fn dog_id(&self, number: u32) -> &str {
        self.names.dog(number)
    }

    /// Id of a dog's photo.
    pub fn image_id(&self, number: u32) -> &str {
        self.names.image(number)
    }

    /// Explains why a dog is like a person.
    pub fn explain(&self, person: &Measurement, number: u32) -> Vec<RatioAgreement> {
        let dog = self.sigmas(number);
        explain(&self.space, &self.space.sigmas(Species::Person, person), &dog)
    }

    /// The common space of persons and these dogs.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// 0 to 100: the share of random person–dog pairs that are less alike.
    pub fn score(&self, distance_squared: f64) -> f64 {
        self.calibration.score(distance_squared)
    }

    /// Finds the dogs nearest to a person among those that fit the answers.
    pub fn search(&self, query: &Query<'_>) -> SearchResult {
        search::search(self, query)
    }

    /// Dog numbers in the order of their ids.
    pub fn by_id(&self) -> &[u32] {
        &self.by_id
    }

    /// Deviations of a dog's ratios from the mean dog, in standard deviations.
    pub fn sigmas(&self, number: u32) -> [f64; RATIO_COUNT] {
        self.sigmas[number as usize].map(|thousandths| f64::from(thousandths) / 1000.0)
    }

    /// Number of the dog with an id; `None` if there is none.
    pub fn number(&self, dog_id: &str) -> Option<u32> {
        let place = self.by_id.binary_search_by_key(&dog_id, |&number| self.dog_id(number));
        place.ok().map(|place| self.by_id[place])
    }
}

fn sigmas(space: &Space, dog: &Measurement) -> Sigmas {
    let thousandths = |sigma: f64| (sigma * 1000.0).round() as i16;
    space.sigmas(Species::Dog, dog).map(thousandths)
}

/// Sorts by profile, then by id. If an id occurs more than once, the last dog wins.
fn in_order(dogs: Vec<IndexDog>, handicaps: Vec<f32>) -> Vec<(IndexDog, f32)> {
    let mut dogs: Vec<(IndexDog, f32)> = dogs.into_iter().zip(handicaps).rev().collect();
    // Sorts keep the order of equals, so of equal ids the last dog is the first.
    dogs.sort_by(|(a, _), (b, _)| a.dog_id.cmp(&b.dog_id));
    dogs.dedup_by(|(a, _), (b, _)| a.dog_id == b.dog_id);
    dogs.sort_by(|(a, _), (b, _)| a.profile.cmp(&b.profile));
    dogs
}
