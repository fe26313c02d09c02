//! How steady the answer can be at most, given how the measurements repeat.
//!
//! Persons and dogs are sampled from normal distributions with the variances of the space's
//! directions, and each person is measured twice. There is no
//! other error than the measured one: nothing that works on these directions by
//! distance does better with the same measurements.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::{
    metrics::{Ranking, share_of},
    sampling::sample_normal,
};

/// Persons that are sampled, each measured twice.
const PERSONS: usize = 400;
const SEED: u64 = 2;
/// Numbers of photos averaged on each side.
const PHOTOS: [usize; 5] = [1, 3, 10, 30, 100];

/// How steady the answer can be at most.
#[derive(Debug, Clone, Serialize)]
pub struct Bound {
    /// Photos averaged on each side.
    pub photos: usize,
    /// Share of pairs with the same top dog.
    pub same_top: f64,
    /// Share of pairs whose first five have a dog in common.
    pub shared_five: f64,
}

/// The bound among so many dogs, for each number of photos.
pub(super) fn bounds(variances: &[f64], repeatability: &[f64], dogs: usize) -> Vec<Bound> {
    PHOTOS.map(|photos| bound(variances, repeatability, dogs, photos)).to_vec()
}

/// Of a direction's variance the repeatability is the person's share, the rest error, which
/// averaging divides.
fn bound(variances: &[f64], repeatability: &[f64], dogs: usize, photos: usize) -> Bound {
    let both = || variances.iter().zip(repeatability);
    let error: Vec<f64> = both().map(|(v, r)| v * (1.0 - r) / photos as f64).collect();
    let person: Vec<f64> = both().map(|(v, r)| v * r).collect();
    let [same_top, shared_five] = steadiness(variances, &person, &error, dogs);
    Bound { photos, same_top, shared_five }
}

/// Share of persons with the same top dog, and with a dog in common among the first
/// five, in two measurements. Along the directions the dogs have the variances
/// `spread`, what the two measurements share `common`, and their errors `error`.
pub(super) fn steadiness(spread: &[f64], common: &[f64], error: &[f64], dogs: usize) -> [f64; 2] {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut sample = |variances: &[f64]| sample_normal(variances, &mut random);
    let catalogue: Vec<Vec<f64>> = (0..dogs).map(|_| sample(spread)).collect();
    let pairs: Vec<[Ranking; 2]> = (0..PERSONS)
        .map(|_| {
            let person = sample(common);
            [(); 2].map(|()| {
                let seen: Vec<f64> = person.iter().zip(sample(error)).map(|(a, b)| a + b).collect();
                Ranking::of(&seen, &catalogue)
            })
        })
        .collect();
    [share_of(&pairs, |[a, b]| a.top() == b.top()), share_of(&pairs, |[a, b]| a.shared(b, 5) > 0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measurements_that_repeat_fully_give_the_same_dog_and_others_seldom() {
        let sure = bound(&[1.0; 5], &[1.0; 5], 200, 1);
        assert!(sure.same_top.min(sure.shared_five) > 0.999, "{sure:?}");
        let unsure = bound(&[0.02; 5], &[0.02; 5], 200, 1);
        assert!(unsure.same_top < 0.1 && unsure.shared_five < 0.4, "{unsure:?}");
        let averaged = bound(&[0.02; 5], &[0.02; 5], 200, 1000);
        assert!(averaged.shared_five > unsure.shared_five + 0.3, "{averaged:?}");
    }
}
