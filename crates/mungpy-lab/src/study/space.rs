//! The study that chose the method: which features, along which directions.
//!
//! People are split four-fold, three times. Statistics come from the training part
//! only; the people of the other part are looked up among dogs that are sampled from
//! the distribution of the training part, because the product matches the
//! distribution of the dogs to that of persons.

use mungpy_core::{
    face::{Measurement, Species},
    resemblance::{Individual, Population, sample_faces},
};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::{Features, Scaling, StudyError, StudyRow, Variant};
use crate::{methods::rankings, metrics::IndividualRankings, report::percent, sameness::Sameness};

/// Dogs that are sampled.
pub const DOGS: usize = 1_000;
const FOLDS: usize = 4;
const SPLITS: usize = 3;
const SEED: u64 = 3;

/// The variants of the table, in its order.
pub const VARIANTS: [Variant; 7] = [
    Variant { features: Features::LogRatios, directions: None, scaling: Scaling::None, ridge: 0.0 },
    variant(Features::LogRatios, 10, Scaling::RootRepeatability, 0.03),
    variant(Features::Shape, 7, Scaling::None, 0.03),
    variant(Features::Shape, 14, Scaling::None, 0.03),
    variant(Features::Shape, 14, Scaling::RootRepeatability, 0.03),
    variant(Features::Shape, 14, Scaling::Repeatability, 0.03),
    variant(Features::Shape, 14, Scaling::RootRepeatability, 0.3),
];

const fn variant(features: Features, directions: usize, scaling: Scaling, ridge: f64) -> Variant {
    Variant { features, directions: Some(directions), scaling, ridge }
}

/// How steady the answer is in one variant of the space.
#[derive(Debug, Clone, Serialize)]
pub struct SpaceRow {
    /// The variant; none for random choice.
    pub variant: Option<Variant>,
    /// Share of pairs with the same top dog.
    pub same_top: f64,
    /// Share of pairs whose first five have a dog in common.
    pub shared_five: f64,
    /// Median rank of the one photo's top dog in the other's list; 1 is first.
    pub median_rank: f64,
}

/// The figures of each variant among so many dogs, and of random choice.
pub fn rows(people: &[Individual], dogs: usize) -> Result<Vec<SpaceRow>, StudyError> {
    let found = people.iter().filter(|person| person.recordings.len() > 1).count();
    if found < FOLDS {
        return Err(StudyError::TooFewPeople { found, needed: FOLDS });
    }
    let mut all: Vec<Vec<IndividualRankings>> = vec![Vec::new(); VARIANTS.len()];
    for part in parts(people) {
        let persons: Vec<Measurement> =
            part.training.iter().flat_map(Individual::photos).copied().collect();
        let population = Population::of(Species::Person, "", &persons);
        let sampled = sample_faces(&population, dogs);
        for (variant, all) in VARIANTS.iter().zip(&mut all) {
            let place = variant.fitted(&part.training);
            let catalogue: Vec<Vec<f64>> = sampled.iter().map(&place).collect();
            all.extend(rankings(&part.test, 1, &place, &catalogue));
        }
    }
    let row = |(variant, all): (&Variant, &Vec<IndividualRankings>)| {
        let Sameness { same_top, shared_five, median_rank, .. } = Sameness::of(all);
        SpaceRow { variant: Some(*variant), same_top, shared_five, median_rank }
    };
    Ok(VARIANTS.iter().zip(&all).map(row).chain([chance(dogs)]).collect())
}

/// Two random rankings of so many dogs.
fn chance(dogs: usize) -> SpaceRow {
    let n = dogs as f64;
    let none_shared: f64 = (0..5).map(|i| (n - 5.0 - f64::from(i)) / (n - f64::from(i))).product();
    SpaceRow {
        variant: None,
        same_top: 1.0 / n,
        shared_five: 1.0 - none_shared,
        median_rank: f64::midpoint(1.0, n),
    }
}

/// People whose statistics are used, and others who are looked up.
struct Part {
    training: Vec<Individual>,
    test: Vec<Individual>,
}

/// Every fold of every split: each person is looked up once in each split.
fn parts(people: &[Individual]) -> Vec<Part> {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut order: Vec<usize> = (0..people.len()).collect();
    let mut parts = Vec::new();
    for _ in 0..SPLITS {
        order.shuffle(&mut random);
        for fold in 0..FOLDS {
            let chosen = |is_test: bool| {
                let places = (0..order.len()).filter(|place| (place % FOLDS == fold) == is_test);
                places.map(|place| people[order[place]].clone()).collect()
            };
            parts.push(Part { training: chosen(false), test: chosen(true) });
        }
    }
    parts
}

impl StudyRow for SpaceRow {
    const HEADING: &'static str =
        "The same person, another recording, by features, directions and scale";
    const COLUMNS: &'static [&'static str] =
        &["scaled by", "ridge", "same top dog", "first 5 share a dog", "median rank"];

    fn name(&self) -> String {
        let Some(variant) = self.variant else { return "chance".to_owned() };
        let features = match variant.features {
            Features::LogRatios => "ten log ratios",
            Features::Shape => "symmetric shape",
        };
        match variant.directions {
            None => format!("{features}, as they are"),
            Some(count) => format!("{features}, {count} discriminant"),
        }
    }

    fn figures(&self) -> Vec<String> {
        let scaling = match self.variant.map(|variant| variant.scaling) {
            None | Some(Scaling::None) => "-",
            Some(Scaling::RootRepeatability) => "√repeatability",
            Some(Scaling::Repeatability) => "repeatability",
        };
        let ridge = self.variant.filter(|variant| variant.directions.is_some());
        vec![
            scaling.to_owned(),
            ridge.map_or("-".to_owned(), |variant| variant.ridge.to_string()),
            percent(self.same_top),
            percent(self.shared_five),
            format!("{:.0}", self.median_rank),
        ]
    }
}

#[cfg(test)]
pub(super) mod tests {
    use mungpy_core::{
        face::{ModelOrigin, SymmetricShape},
        resemblance::Recording,
    };

    use super::*;
    use crate::{sampling::sample_normal, study::StudyTable};

    /// People sampled from the shipped statistics, each with three recordings of one
    /// photo whose landmarks err by so much (in centroid sizes, along each axis).
    pub(in crate::study) fn made_up_people(count: usize, error: f64) -> Vec<Individual> {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let mut seen = |face: &Measurement| {
            let noise = sample_normal(&[error * error; 32], &mut random);
            let mut points = *face.shape.points();
            for (point, noise) in points.iter_mut().zip(noise.chunks(2)) {
                *point = [point[0] + noise[0], point[1] + noise[1]];
            }
            let shape = SymmetricShape::from_points(points).unwrap();
            Recording { photos: vec![Measurement::of_shape(shape).unwrap()] }
        };
        let persons = Population::shipped_person(ModelOrigin::Own);
        sample_faces(&persons, count)
            .iter()
            .map(|face| Individual { recordings: (0..3).map(|_| seen(face)).collect() })
            .collect()
    }

    #[test]
    fn photos_without_error_give_the_same_dogs_and_noise_does_not() {
        let steady = rows(&made_up_people(24, 0.0), 50).unwrap();
        let (chance, variants) = steady.split_last().unwrap();
        assert!(variants.iter().all(|row| row.same_top > 0.999 && row.median_rank < 1.1));
        assert!(chance.variant.is_none() && (chance.same_top - 0.02).abs() < 1e-12);
        let noisy = rows(&made_up_people(24, 0.03), 50).unwrap();
        for row in &noisy[..VARIANTS.len()] {
            assert!(row.same_top < 0.6 && row.shared_five > row.same_top, "{row:?}");
        }
    }

    #[test]
    fn directions_that_repeat_are_worth_more_than_ratios_as_they_are() {
        let rows = rows(&made_up_people(80, 0.012), 300).unwrap();
        assert!(rows[4].shared_five > rows[0].shared_five + 0.05, "{rows:?}");
        assert!(rows[4].median_rank < rows[0].median_rank, "{rows:?}");
        let table = StudyTable(rows);
        assert_eq!(table.text().lines().count(), 3 + VARIANTS.len() + 1, "{}", table.text());
        let json: serde_json::Value = serde_json::from_str(&table.json()).unwrap();
        assert_eq!(json[5]["variant"]["scaling"], "repeatability");
        assert!(json[7]["variant"].is_null());
    }

    #[test]
    fn each_person_is_looked_up_once_in_each_split_and_never_in_training() {
        let people = made_up_people(10, 0.01);
        let parts = parts(&people);
        assert_eq!(parts.len(), FOLDS * SPLITS);
        for person in &people {
            let tested = parts.iter().filter(|part| part.test.contains(person)).count();
            assert_eq!(tested, SPLITS);
        }
        assert!(parts.iter().all(|part| part.test.iter().all(|p| !part.training.contains(p))));
    }

    #[test]
    fn people_with_one_recording_do_not_suffice() {
        let mut people = made_up_people(9, 0.0);
        people.iter_mut().skip(3).for_each(|person| person.recordings.truncate(1));
        let error = rows(&people, 10).unwrap_err();
        assert!(matches!(error, StudyError::TooFewPeople { found: 3, needed: 4 }), "{error}");
    }

    #[test]
    fn chance_shares_a_dog_as_often_as_fives_of_a_thousand_do() {
        assert!((chance(1000).shared_five - 0.025).abs() < 0.0005);
    }
}
