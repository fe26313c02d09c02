//! A chance for every dog: some dogs lie near many persons, some near none.
//!
//! In a space of many dimensions a few dogs are the nearest of very many persons
//! (hubs) and others of none. Each dog is therefore moved away by a handicap that
//! makes up for how near it lies to persons at large, as in cross-domain
//! similarity local scaling (Conneau et al., ICLR 2018). The handicap is one more
//! coordinate, zero for persons: ‖x − y‖² + p is the squared distance between
//! (x, 0) and (y, √p), so that the search stays exact.

use super::{Embedding, Space, score::drawn_persons, space::HANDICAP};

/// The nearest of some drawn persons that tell how near a dog lies to persons.
const NEIGHBOURS: usize = 10;
/// Share of the dogs that get a handicap. Dogs further off than these are left
/// where they are: without a bound one odd dog would push all others away.
const HANDICAPPED: f64 = 0.8;
/// Share of the difference that is made up for: with all of it another photo of
/// a person leads to other dogs more often (docs/RESEMBLANCE.md).
const STRENGTH: f64 = 0.6;

/// Sets the handicap of each dog of a catalogue.
pub fn level(space: &Space, dogs: &mut [Embedding]) {
    let persons = drawn_persons(space);
    let distances: Vec<f64> = dogs.iter().map(|dog| distance_to_persons(dog, &persons)).collect();
    let mut sorted = distances.clone();
    sorted.sort_by(f64::total_cmp);
    let last = (HANDICAPPED * sorted.len() as f64) as usize;
    let Some(&bound) = sorted.get(last.min(sorted.len().saturating_sub(1))) else { return };
    for (dog, distance) in dogs.iter_mut().zip(distances) {
        dog.coarse[HANDICAP] = (STRENGTH * (bound - distance)).max(0.0).sqrt();
    }
}

/// Mean squared distance to the nearest persons.
fn distance_to_persons(dog: &Embedding, persons: &[Embedding]) -> f64 {
    let mut all: Vec<f64> = persons.iter().map(|person| person.distance_squared(dog)).collect();
    let nearest = NEIGHBOURS.min(all.len());
    if nearest == 0 {
        return 0.0;
    }
    all.select_nth_unstable_by(nearest - 1, f64::total_cmp);
    all[..nearest].iter().sum::<f64>() / nearest as f64
}
