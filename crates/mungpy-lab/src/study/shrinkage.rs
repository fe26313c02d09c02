//! Steadiness against fairness, on sampled persons and dogs.
//!
//! Who pulls a person's place towards the mean, as "nearest in expectation" asks for,
//! gives the same dogs to two photos more often, and the same dogs to all people.

use mungpy_core::resemblance::{DIRECTIONS, Embedding, HandicapRule, assign_handicaps_for};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::StudyRow;
use crate::{
    fairness::{ANSWERED, most_frequent, never_answered},
    methods::coordinates,
    metrics::{Ranking, share_of},
    report::percent,
    sampling::sample_normal,
};

/// Factors of a person's place.
pub const FACTORS: [f64; 3] = [1.0, 0.7, 0.5];
const RULES: [HandicapRule; 2] = [HandicapRule::NONE, HandicapRule::SHIPPED];
/// Persons at large, for whom the handicaps are made.
const AT_LARGE: usize = 2_048;
const SEED: u64 = 4;

/// How many persons and dogs are sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Persons, each measured twice.
    pub persons: usize,
    /// Dogs of the catalogue.
    pub dogs: usize,
    /// The first persons, over whose first tens the dogs that nobody gets are counted.
    pub counted_persons: usize,
}

impl Default for Sizes {
    /// As in the table of docs/EXPERIMENTS.md.
    fn default() -> Self {
        Self { persons: 3_000, dogs: 1_285, counted_persons: 132 }
    }
}

/// How steady and how fair the answer is if places are pulled towards the mean.
#[derive(Debug, Clone, Serialize)]
pub struct ShrinkageRow {
    /// Factor of a person's place.
    pub factor: f64,
    /// Share of the dogs that get a handicap, the nearest first.
    pub handicapped: f64,
    /// Share of the difference that the handicap makes up for; 0 without one.
    pub strength: f32,
    /// Share of persons with the same top dog in both measurements.
    pub same_top: f64,
    /// Share of persons whose first five have a dog in common.
    pub shared_five: f64,
    /// Share of persons who get the most frequent dog.
    pub most_frequent: f64,
    /// Share of the dogs that are in no first ten of the counted persons.
    pub never: f64,
}

/// Places that are sampled once for all rows.
struct Sample {
    dogs: Vec<Embedding>,
    at_large: Vec<Embedding>,
    /// Two measurements of each person.
    persons: Vec<[Embedding; 2]>,
}

/// The figures for each factor with and without handicaps, if the directions of the
/// space have these repeatabilities.
pub fn rows(repeatability: &[f64; DIRECTIONS], sizes: Sizes) -> Vec<ShrinkageRow> {
    let sample = Sample::new(repeatability, sizes);
    let row = |factor| RULES.map(|rule| sample.row(factor, rule, sizes.counted_persons));
    FACTORS.into_iter().flat_map(row).collect()
}

impl Sample {
    /// A direction's variance is its repeatability r: r·r of it is the person's, the
    /// rest error.
    fn new(repeatability: &[f64; DIRECTIONS], sizes: Sizes) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(SEED);
        let mut sample = |variances: &[f64; DIRECTIONS]| {
            let place = sample_normal(variances, &mut random);
            std::array::from_fn(|i| place[i])
        };
        let (own, error) = (repeatability.map(|r| r * r), repeatability.map(|r| r * (1.0 - r)));
        let dogs = (0..sizes.dogs).map(|_| place(sample(repeatability))).collect();
        let at_large = (0..AT_LARGE).map(|_| place(sample(repeatability))).collect();
        let mut person = || {
            let person: [f64; DIRECTIONS] = sample(&own);
            [(); 2].map(|()| {
                let error: [f64; DIRECTIONS] = sample(&error);
                place(std::array::from_fn(|i| person[i] + error[i]))
            })
        };
        let persons = (0..sizes.persons).map(|_| person()).collect();
        Self { dogs, at_large, persons }
    }

    fn row(&self, factor: f64, rule: HandicapRule, counted: usize) -> ShrinkageRow {
        let at_large: Vec<Embedding> = self.at_large.iter().map(|p| shrunk(p, factor)).collect();
        let mut dogs = self.dogs.clone();
        assign_handicaps_for(&at_large, rule, &mut dogs);
        let dogs: Vec<Vec<f64>> = dogs.iter().map(coordinates).collect();
        let ranking = |person: &Embedding| {
            Ranking::of(&coordinates(&shrunk(person, factor)), &dogs).truncated(ANSWERED)
        };
        let pairs: Vec<[Ranking; 2]> =
            self.persons.iter().map(|[a, b]| [ranking(a), ranking(b)]).collect();
        let first: Vec<Ranking> = pairs.iter().map(|[first, _]| first.clone()).collect();
        ShrinkageRow {
            factor,
            handicapped: rule.handicapped,
            strength: rule.strength,
            same_top: share_of(&pairs, |[a, b]| a.top() == b.top()),
            shared_five: share_of(&pairs, |[a, b]| a.shared(b, 5) > 0),
            most_frequent: most_frequent(&first, dogs.len()),
            never: never_answered(&first[..counted.min(first.len())], dogs.len()),
        }
    }
}

fn place(directions: [f64; DIRECTIONS]) -> Embedding {
    Embedding::at(directions.map(|coordinate| coordinate as f32))
}

/// The place, pulled towards the mean.
fn shrunk(place: &Embedding, factor: f64) -> Embedding {
    let coordinates = place.coordinates();
    self::place(std::array::from_fn(|i| factor * f64::from(coordinates[i])))
}

impl StudyRow for ShrinkageRow {
    const HEADING: &'static str = "Steadiness against fairness, sampled persons";
    const COLUMNS: &'static [&'static str] = &[
        "handicap",
        "same top dog",
        "first 5 share a dog",
        "most frequent dog",
        "never in a top 10",
    ];

    fn name(&self) -> String {
        format!("person's place times {}", self.factor)
    }

    fn figures(&self) -> Vec<String> {
        let handicap =
            if self.strength > 0.0 { format!("{:.1}", self.strength) } else { "none".to_owned() };
        let shares = [self.same_top, self.shared_five, self.most_frequent, self.never];
        std::iter::once(handicap).chain(shares.map(percent)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_towards_the_mean_makes_steady_and_a_handicap_makes_fair() {
        let sizes = Sizes { persons: 300, dogs: 200, counted_persons: 100 };
        let rows = rows(&[0.3; DIRECTIONS], sizes);
        assert_eq!(rows.len(), 6);
        let (plain, pulled, handicapped) = (&rows[0], &rows[4], &rows[5]);
        assert!((pulled.factor - 0.5).abs() < 1e-12 && pulled.name().ends_with("0.5"));
        assert!(pulled.shared_five > plain.shared_five + 0.1, "{rows:?}");
        assert!(pulled.never > plain.never + 0.1, "{rows:?}");
        assert!(pulled.most_frequent > plain.most_frequent, "{rows:?}");
        assert!(handicapped.never < pulled.never, "{rows:?}");
        assert_eq!([&plain.figures()[0], &handicapped.figures()[0]], ["none", "0.1"]);
    }

    #[test]
    fn measurements_that_repeat_fully_give_the_same_dogs() {
        let sizes = Sizes { persons: 50, dogs: 100, counted_persons: 50 };
        let rows = rows(&[1.0; DIRECTIONS], sizes);
        assert!(rows.iter().all(|row| row.same_top > 0.999), "{rows:?}");
    }
}
