//! Whether every dog has a chance.

use mungpy_core::resemblance::Space;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::{
    metrics::{Ranking, occurrences, share, skewness},
    sampling::sample_normal,
};

const SEED: u64 = 1;
/// Of few persons even random choice gives one dog to many: so many are sampled.
pub const SAMPLED_PERSONS: usize = 10_000;
/// How many dogs of a ranking count as answered.
pub(crate) const ANSWERED: usize = 10;

/// How evenly dogs are answered; beside each figure that of random choice.
#[derive(Debug, Clone, Serialize)]
pub struct Fairness {
    /// Share of persons who get the most frequent dog.
    pub most_frequent: [f64; 2],
    /// Skewness of the 1-occurrence.
    pub skewness_1: [f64; 2],
    /// Skewness of the 10-occurrence.
    pub skewness_10: [f64; 2],
    /// Share of dogs that are in nobody's first ten.
    pub never: [f64; 2],
}

impl Fairness {
    /// Over rankings of so many dogs, one for each person, beside as many random ones.
    pub fn of(rankings: &[Ranking], dogs: usize) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(SEED);
        let chance: Vec<Ranking> = rankings
            .iter()
            .map(|_| (0..ANSWERED.min(dogs)).map(|_| random.random_range(0..dogs as u32)).collect())
            .map(|dogs: Vec<u32>| dogs.into())
            .collect();
        let both = |figure: &dyn Fn(&[Ranking]) -> f64| [figure(rankings), figure(&chance)];
        let ten = |rankings: &[Ranking]| occurrences(rankings, ANSWERED, dogs);
        Self {
            most_frequent: both(&|r| most_frequent(r, dogs)),
            skewness_1: both(&|r| skewness(&occurrences(r, 1, dogs))),
            skewness_10: both(&|r| skewness(&ten(r))),
            never: both(&|r| never_answered(r, dogs)),
        }
    }

    /// For persons sampled with the spread that persons have in the space.
    pub fn to_sampled_persons(space: &Space, dogs: &[Vec<f64>]) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(SEED);
        let mut ranking = |_| {
            let mut person = sample_normal(space.variances(), &mut random);
            person.push(0.0); // no handicap
            Ranking::of(&person, dogs).truncated(ANSWERED)
        };
        let rankings: Vec<Ranking> = (0..SAMPLED_PERSONS).map(&mut ranking).collect();
        Self::of(&rankings, dogs.len())
    }
}

/// Share of persons whose top dog is the one that is most often on top.
pub fn most_frequent(rankings: &[Ranking], dogs: usize) -> f64 {
    let most = occurrences(rankings, 1, dogs).into_iter().max();
    share(most.unwrap_or(0), rankings.len())
}

/// Share of the dogs that are in nobody's first ten.
pub fn never_answered(rankings: &[Ranking], dogs: usize) -> f64 {
    let never = occurrences(rankings, ANSWERED, dogs).iter().filter(|&&count| count == 0).count();
    share(never, dogs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dog_for_all_is_less_fair_than_one_for_each() {
        let with_top = |top: u32| {
            let others = (0..20).filter(|&dog| dog != top).take(9);
            Ranking::from(std::iter::once(top).chain(others).collect::<Vec<u32>>())
        };
        let same: Vec<Ranking> = (0..20).map(|_| with_top(3)).collect();
        let own: Vec<Ranking> = (0..20).map(with_top).collect();
        let fairness = [&same, &own].map(|rankings| Fairness::of(rankings, 20));
        let percents = |figure: fn(&Fairness) -> f64| {
            fairness.each_ref().map(|fairness| (100.0 * figure(fairness)).round() as i32)
        };
        assert_eq!(percents(|f| f.most_frequent[0]), [100, 5]);
        assert_eq!(percents(|f| f.never[0]), [50, 0]);
        let [same, own] = fairness.map(|f| f.skewness_1[0]);
        assert!(same > 4.0 && own.abs() < 1e-12);
    }
}
