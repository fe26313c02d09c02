//! Gives every dog a chance, although some dogs are near many persons and some near none.
//!
//! In a space of many dimensions a few dogs are nearest to very many persons (hubs) and others to
//! none. A handicap therefore moves each dog away, to compensate for how near it is to a typical
//! person, as in cross-domain similarity local scaling (Conneau et al., ICLR 2018). The handicap is
//! one more coordinate, which is zero for persons: ‖x − y‖² + p is the squared distance between
//! (x, 0) and (y, √p), so the search stays exact.

use super::{EMBEDDING_LEN, Embedding, Space, score::sample_persons};

/// Number of nearest sampled persons that measure how near a dog is to persons.
const NEIGHBOURS: usize = 10;
/// Share of the dogs that get a handicap. The dogs farthest away get none: without this limit one
/// odd dog would push all others away.
const HANDICAPPED: f64 = 0.8;
/// Share of the difference to compensate. Full compensation makes another photo of the same person
/// lead to other dogs more often (docs/EXPERIMENTS.md).
const STRENGTH: f32 = 0.6;

/// Sets the handicap of each dog in a catalogue.
pub fn assign_handicaps(space: &Space, dogs: &mut [Embedding]) {
    let persons = Persons::drawn(space);
    let distances: Vec<f32> = dogs.iter().map(|dog| persons.distance(dog)).collect();
    let mut sorted = distances.clone();
    sorted.sort_unstable_by(f32::total_cmp);
    let last = (HANDICAPPED * sorted.len() as f64) as usize;
    let Some(&bound) = sorted.get(last.min(sorted.len().saturating_sub(1))) else { return };
    for (dog, distance) in dogs.iter_mut().zip(distances) {
        dog.set_handicap((STRENGTH * (bound - distance)).max(0.0).sqrt());
    }
}

/// Sampled persons stored by coordinate, so that a dog's distances to all of them are summed side
/// by side.
struct Persons {
    coordinates: [Vec<f32>; EMBEDDING_LEN],
    count: usize,
}

impl Persons {
    fn drawn(space: &Space) -> Self {
        let persons = sample_persons(space);
        let coordinate = |i: usize| persons.iter().map(|person| person.coordinates()[i]).collect();
        Self { coordinates: std::array::from_fn(coordinate), count: persons.len() }
    }

    /// Mean squared distance of a dog to the nearest sampled persons.
    fn distance(&self, dog: &Embedding) -> f32 {
        let mut squares = vec![0.0; self.count];
        for (persons, &own) in self.coordinates.iter().zip(dog.coordinates()) {
            for (square, &other) in squares.iter_mut().zip(persons) {
                *square += (other - own) * (other - own);
            }
        }
        let nearest = NEIGHBOURS.min(squares.len());
        if nearest == 0 {
            return 0.0;
        }
        squares.select_nth_unstable_by(nearest - 1, f32::total_cmp);
        squares[..nearest].iter().sum::<f32>() / nearest as f32
    }
}
