//! Gives every dog a chance, although some dogs are near many persons and some near none.
//!
//! In a space of many dimensions a few dogs are nearest to very many persons (hubs) and others to
//! none. A handicap moves a dog away. It is one more coordinate, which is zero for persons:
//! ‖x − y‖² + p is the squared distance between (x, 0) and (y, √p), so the search stays exact.
//!
//! Two rules make it up. Each dog is compensated a little for how near it is to a typical person,
//! as in cross-domain similarity local scaling (Conneau et al., ICLR 2018). Then the few dogs that
//! would still be the answer to too many persons are moved until they are not ([`hubs`]).

use super::{
    EMBEDDING_LEN, Embedding, Space,
    hubs::{self, ByCoordinate},
    score::sample_persons,
};

/// Number of nearest sampled persons that measure how near a dog is to persons.
const NEIGHBOURS: usize = 10;
/// Number of sampled persons to whom a dog's nearness is measured.
const TYPICAL_PERSONS: usize = 256;
/// Largest number of sampled persons whose answers are counted.
const COUNTED_PERSONS: usize = 16_384;
/// With fewer persons counts say nothing; in a catalogue that leaves so few time for them, no dog
/// is the answer to more than 0.4 % anyway (docs/EXPERIMENTS.md).
const LEAST_COUNTED_PERSONS: usize = 1_000;
/// Largest number of distances that are computed to count.
const COUNTED_PAIRS: usize = 20_000_000;

/// How a dog's nearness to persons is made up for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HandicapRule {
    /// Share of the dogs that are compensated, 0 to 1, the nearest first. The dogs farthest away
    /// get nothing: without this limit one odd dog would push all others away.
    pub handicapped: f64,
    /// Share of the difference to compensate, 0 to 1. Full compensation makes another photo of
    /// the same person lead to other dogs more often (docs/EXPERIMENTS.md).
    pub strength: f32,
    /// Largest share of persons whose most similar dog one dog may be, 0 to 1.
    pub most: f64,
}

impl HandicapRule {
    /// The rule that catalogues are made with.
    pub const SHIPPED: Self = Self { handicapped: 0.8, strength: 0.1, most: 0.004 };
    /// No dog gets a handicap.
    pub const NONE: Self = Self { handicapped: 0.0, strength: 0.0, most: 1.0 };

    /// In a small catalogue each dog must answer more persons: this many times its equal share.
    const LEAST_EQUAL_SHARES: f64 = 3.0;

    /// Largest share of persons that one of so many dogs may answer.
    fn most_of(self, dogs: usize) -> f64 {
        self.most.max(Self::LEAST_EQUAL_SHARES / dogs as f64).min(1.0)
    }
}

/// Sets the handicap of each dog in a catalogue.
pub fn assign_handicaps(space: &Space, dogs: &mut [Embedding]) {
    assign_handicaps_by(HandicapRule::SHIPPED, space, dogs);
}

/// Sets the handicap of each dog by any rule.
pub fn assign_handicaps_by(rule: HandicapRule, space: &Space, dogs: &mut [Embedding]) {
    let affordable = COUNTED_PAIRS / dogs.len().max(1);
    let persons = if affordable < LEAST_COUNTED_PERSONS {
        TYPICAL_PERSONS
    } else {
        affordable.min(COUNTED_PERSONS)
    };
    assign_handicaps_for(&sample_persons(space, persons), rule, dogs);
}

/// Sets the handicap of each dog for persons at large who lie at these places. Their answers are
/// counted if they are at least a thousand.
pub fn assign_handicaps_for(persons: &[Embedding], rule: HandicapRule, dogs: &mut [Embedding]) {
    compensate(rule, &persons[..TYPICAL_PERSONS.min(persons.len())], dogs);
    let most = rule.most_of(dogs.len());
    if persons.len() < LEAST_COUNTED_PERSONS || most >= 1.0 {
        return;
    }
    let added = hubs::relief(persons, dogs, (most * persons.len() as f64) as usize);
    for (dog, added) in dogs.iter_mut().zip(added).filter(|(_, added)| *added > 0.0) {
        let own = dog.coordinates()[EMBEDDING_LEN - 1];
        dog.set_handicap((own * own + added).sqrt());
    }
}

/// Makes up for how near each dog is to typical persons.
fn compensate(rule: HandicapRule, persons: &[Embedding], dogs: &mut [Embedding]) {
    let table = ByCoordinate::of(persons);
    let mut squares = vec![0.0; persons.len()];
    let mut distance = |dog: &Embedding| {
        table.squared_distances(dog, &mut squares);
        mean_of_nearest(&mut squares)
    };
    let distances: Vec<f32> = dogs.iter().map(&mut distance).collect();
    let mut sorted = distances.clone();
    sorted.sort_unstable_by(f32::total_cmp);
    let last = (rule.handicapped * sorted.len() as f64) as usize;
    let Some(&bound) = sorted.get(last.min(sorted.len().saturating_sub(1))) else { return };
    for (dog, distance) in dogs.iter_mut().zip(distances) {
        dog.set_handicap((rule.strength * (bound - distance)).max(0.0).sqrt());
    }
}

fn mean_of_nearest(squares: &mut [f32]) -> f32 {
    let nearest = NEIGHBOURS.min(squares.len());
    if nearest == 0 {
        return 0.0;
    }
    squares.select_nth_unstable_by(nearest - 1, f32::total_cmp);
    squares[..nearest].iter().sum::<f32>() / nearest as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        face::Species,
        resemblance::{PersonEstimator, Population, sample_faces},
    };

    fn at(first: f32) -> Embedding {
        Embedding::at(std::array::from_fn(|i| if i == 0 { first } else { 0.0 }))
    }

    #[test]
    fn the_nearest_dogs_are_moved_up_to_the_bound_of_the_rule() {
        let persons = vec![at(0.0); 20];
        let doubled_squares = |rule: HandicapRule| {
            let mut dogs = [at(1.0), at(2.0), at(3.0), at(4.0)];
            assign_handicaps_for(&persons, rule, &mut dogs);
            dogs.map(|dog| (2.0 * dog.coordinates()[EMBEDDING_LEN - 1].powi(2)).round() as i32)
        };
        let rule = HandicapRule { handicapped: 0.5, strength: 1.0, most: 1.0 };
        assert_eq!(doubled_squares(rule), [16, 10, 0, 0], "the bound is the third distance, 9");
        let half = HandicapRule { strength: 0.5, ..rule };
        assert_eq!(doubled_squares(half), [8, 5, 0, 0]);
        assert_eq!(doubled_squares(HandicapRule::NONE), [0; 4]);
    }

    #[test]
    fn no_dog_answers_more_persons_than_the_rule_allows() {
        let persons = PersonEstimator::shipped().population;
        let measured = sample_faces(&Population::shipped_dog(), 900);
        let space = Space::for_catalogue(&persons, &measured);
        // Dogs that differ more than persons do leave those in the middle to most persons.
        let wide = |dog| {
            let place = space.embed(Species::Dog, dog);
            Embedding::at(std::array::from_fn(|i| 2.0 * place.coordinates()[i]))
        };
        let places: Vec<Embedding> = measured.iter().map(wide).collect();
        let others = &sample_persons(&space, 4_096)[2_048..];
        let most_frequent = |rule: HandicapRule| {
            let mut dogs = places.clone();
            assign_handicaps_for(&sample_persons(&space, 2_048), rule, &mut dogs);
            let mut counts = vec![0; dogs.len()];
            for person in others {
                let square = |dog: &usize| person.distance_squared(&dogs[*dog]);
                let first = (0..dogs.len()).min_by(|a, b| square(a).total_cmp(&square(b)));
                counts[first.unwrap()] += 1;
            }
            counts.into_iter().max().unwrap()
        };
        let (free, limited) =
            (most_frequent(HandicapRule::NONE), most_frequent(HandicapRule::SHIPPED));
        // The rule allows 8 persons; these are others than those that were counted.
        assert!(limited <= 24 && 3 * limited < 2 * free, "{free} and {limited}");
    }

    #[test]
    fn a_small_catalogue_may_answer_more_persons_with_each_dog() {
        let most = |dogs| (1_000.0 * HandicapRule::SHIPPED.most_of(dogs)).round() as i32;
        assert_eq!([most(2), most(20), most(1_000)], [1_000, 150, 4]);
    }
}
