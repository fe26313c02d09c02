//! Whether every dog has a chance.

use mungpy_core::resemblance::Space;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    bound::sample_normal,
    findings::Fairness,
    metrics::{occurrences, ranked, share, skewness},
};

const SEED: u64 = 1;
/// Of few persons even random choice gives one dog to many: so many are drawn.
pub(super) const DRAWN: usize = 10_000;
/// How many dogs of a list count as answered.
const FIRST: usize = 10;

/// Over lists of dogs, one for each person, beside as many random ones.
pub(super) fn fairness(lists: &[Vec<u32>], dogs: usize) -> Fairness {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let chance: Vec<Vec<u32>> = lists
        .iter()
        .map(|_| (0..FIRST.min(dogs)).map(|_| random.random_range(0..dogs as u32)).collect())
        .collect();
    let both = |figure: &dyn Fn(&[Vec<u32>]) -> f64| [figure(lists), figure(&chance)];
    let top = |lists: &[Vec<u32>]| occurrences(lists, 1, dogs);
    let ten = |lists: &[Vec<u32>]| occurrences(lists, FIRST, dogs);
    Fairness {
        most_frequent: both(&|l| share(top(l).into_iter().max().unwrap_or(0), l.len())),
        skewness_1: both(&|l| skewness(&top(l))),
        skewness_10: both(&|l| skewness(&ten(l))),
        never: both(&|l| share(ten(l).iter().filter(|&&count| count == 0).count(), dogs)),
    }
}

/// The same for persons drawn with the spread that persons have in the space: a
/// direction's variance there is its repeatability.
pub(super) fn fairness_to_drawn(space: &Space, dogs: &[Vec<f64>]) -> Fairness {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut list = |_| {
        let mut person = sample_normal(space.repeatability(), &mut random);
        person.push(0.0); // no handicap
        let mut list = ranked(&person, dogs);
        list.truncate(FIRST);
        list
    };
    let lists: Vec<Vec<u32>> = (0..DRAWN).map(&mut list).collect();
    fairness(&lists, dogs.len())
}
