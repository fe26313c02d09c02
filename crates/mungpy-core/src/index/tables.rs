//! What a search needs that depends on all dogs of a catalogue.

use crate::{
    face::{Measurement, Species},
    resemblance::{Calibration, Embedding, Space, assign_handicaps},
};

/// What a search needs that depends on all dogs. The batch works it out once, so that a server only
/// reads it.
#[derive(Debug, Clone)]
pub struct Tables {
    /// The common space of persons and these dogs.
    pub space: Space,
    /// The handicap of each dog, in their order.
    pub handicaps: Vec<f32>,
    /// Turns a distance into a score.
    pub calibration: Calibration,
}

impl Tables {
    /// Works the tables out for dogs in a space.
    pub fn of(space: Space, dogs: &[Measurement]) -> Self {
        let mut places: Vec<Embedding> =
            dogs.iter().map(|dog| space.embed(Species::Dog, dog)).collect();
        assign_handicaps(&space, &mut places);
        let calibration = Calibration::new(&space, &places);
        Self { space, handicaps: places.iter().map(Embedding::handicap).collect(), calibration }
    }
}
