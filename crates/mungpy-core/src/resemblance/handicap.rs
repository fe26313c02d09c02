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

/// How much of a dog's nearness to persons is compensated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HandicapRule {
    /// Share of the dogs that get a handicap, 0 to 1, the nearest first. The dogs farthest away
    /// get none: without this limit one odd dog would push all others away.
    pub handicapped: f64,
    /// Share of the difference to compensate, 0 to 1. Full compensation makes another photo of
    /// the same person lead to other dogs more often (docs/EXPERIMENTS.md).
    pub strength: f32,
}

impl HandicapRule {
    /// The rule that catalogues are made with.
    pub const SHIPPED: Self = Self { handicapped: 0.8, strength: 0.6 };
    /// No dog gets a handicap.
    pub const NONE: Self = Self { handicapped: 0.0, strength: 0.0 };
}

/// Sets the handicap of each dog in a catalogue.
pub fn assign_handicaps(space: &Space, dogs: &mut [Embedding]) {
    assign_handicaps_by(HandicapRule::SHIPPED, &sample_persons(space), dogs);
}

/// Sets the handicap of each dog by any rule, for persons at large who lie at these
/// places.
pub fn assign_handicaps_by(rule: HandicapRule, persons: &[Embedding], dogs: &mut [Embedding]) {
    let persons = PersonsAtLarge::at(persons);
    let distances: Vec<f32> = dogs.iter().map(|dog| persons.distance(dog)).collect();
    let mut sorted = distances.clone();
    sorted.sort_unstable_by(f32::total_cmp);
    let last = (rule.handicapped * sorted.len() as f64) as usize;
    let Some(&bound) = sorted.get(last.min(sorted.len().saturating_sub(1))) else { return };
    for (dog, distance) in dogs.iter_mut().zip(distances) {
        dog.set_handicap((rule.strength * (bound - distance)).max(0.0).sqrt());
    }
}

/// Sampled persons stored by coordinate, so that a dog's distances to all of them are summed side
/// by side.
struct PersonsAtLarge {
    coordinates: [Vec<f32>; EMBEDDING_LEN],
    count: usize,
}

impl PersonsAtLarge {
    fn at(persons: &[Embedding]) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(first: f32) -> Embedding {
        Embedding::at(std::array::from_fn(|i| if i == 0 { first } else { 0.0 }))
    }

    #[test]
    fn the_nearest_dogs_are_moved_up_to_the_bound_of_the_rule() {
        let persons = vec![at(0.0); 20];
        let doubled_squares = |rule: HandicapRule| {
            let mut dogs = [at(1.0), at(2.0), at(3.0), at(4.0)];
            assign_handicaps_by(rule, &persons, &mut dogs);
            dogs.map(|dog| (2.0 * dog.coordinates()[EMBEDDING_LEN - 1].powi(2)).round() as i32)
        };
        let rule = HandicapRule { handicapped: 0.5, strength: 1.0 };
        assert_eq!(doubled_squares(rule), [16, 10, 0, 0], "the bound is the third distance, 9");
        let half = HandicapRule { strength: 0.5, ..rule };
        assert_eq!(doubled_squares(half), [8, 5, 0, 0]);
        assert_eq!(doubled_squares(HandicapRule::NONE), [0; 4]);
    }
}
