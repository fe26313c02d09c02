//! Ways to tell how alike a person and a dog are, to be compared.

use mungpy_core::{
    face::{Measurement, Species},
    resemblance::{Embedding, Space, assign_handicaps},
};

/// A way to turn measurements into vectors whose distance is the unlikeness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Baseline: the log ratios as they are.
    RawRatios,
    /// Baseline: the log ratios as deviations from the species' mean.
    ZScores,
    /// What the product does.
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
        if self != Self::Space {
            return dogs.iter().map(|dog| self.vector(space, Species::Dog, dog)).collect();
        }
        let mut places: Vec<Embedding> =
            dogs.iter().map(|dog| space.embed(Species::Dog, dog)).collect();
        assign_handicaps(space, &mut places);
        places.iter().map(coordinates).collect()
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

fn coordinates(place: &Embedding) -> Vec<f64> {
    place.coordinates().map(f64::from).to_vec()
}
