//! Ways to tell how alike a person and a dog are, to be compared.

use mungpy_core::{
    face::{Measurement, Species},
    resemblance::{Embedding, HandicapRule, Individual, Recording, Space, assign_handicaps_by},
};

use crate::metrics::{IndividualRankings, Ranking};

/// A way to turn measurements into vectors whose distance is the unlikeness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Baseline: the log ratios as they are.
    RawRatios,
    /// Baseline: the log ratios as deviations from the species' mean.
    ZScores,
    /// The product's method: the common space with handicaps.
    Space,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 3] = [Self::RawRatios, Self::ZScores, Self::Space];

    /// A short name.
    pub fn name(self) -> &'static str {
        match self {
            Self::RawRatios => "raw ratios",
            Self::ZScores => "z-scores",
            Self::Space => "mungpy",
        }
    }

    /// The vectors of the dogs of a catalogue, as persons are compared with them.
    pub fn catalogue(self, space: &Space, dogs: &[Measurement]) -> Vec<Vec<f64>> {
        match self {
            Self::Space => catalogue_by(HandicapRule::SHIPPED, space, dogs),
            _ => dogs.iter().map(|dog| self.vector(space, Species::Dog, dog)).collect(),
        }
    }

    /// The vector of a face.
    pub fn vector(self, space: &Space, species: Species, face: &Measurement) -> Vec<f64> {
        match self {
            Self::RawRatios => face.log_ratios.to_vec(),
            Self::ZScores => space.sigmas(species, face).to_vec(),
            Self::Space => coordinates(&space.embed(species, face)),
        }
    }
}

/// The vectors of the dogs of a catalogue in the space, with handicaps by any rule.
pub fn catalogue_by(rule: HandicapRule, space: &Space, dogs: &[Measurement]) -> Vec<Vec<f64>> {
    let mut places: Vec<Embedding> =
        dogs.iter().map(|dog| space.embed(Species::Dog, dog)).collect();
    assign_handicaps_by(rule, space, &mut places);
    places.iter().map(coordinates).collect()
}

/// Coordinates in double precision; the last one is the handicap.
pub(crate) fn coordinates(place: &Embedding) -> Vec<f64> {
    place.coordinates().map(f64::from).to_vec()
}

/// The dogs of each recording of each individual; of a recording the first `photos`
/// are averaged. `vector` gives the place of a person.
pub fn rankings(
    individuals: &[Individual],
    photos: usize,
    vector: impl Fn(&Measurement) -> Vec<f64>,
    dogs: &[Vec<f64>],
) -> Vec<IndividualRankings> {
    let ranking = |recording: &Recording| {
        let averaged = &recording.photos[..photos.min(recording.photos.len())];
        Some(Ranking::of(&vector(&Measurement::mean(averaged).ok()?), dogs))
    };
    individuals
        .iter()
        .map(|own| IndividualRankings(own.recordings.iter().filter_map(ranking).collect()))
        .collect()
}
