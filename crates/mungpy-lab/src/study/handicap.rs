//! A chance for every dog: what the handicap gives, and what it costs.

use mungpy_core::{
    face::{Measurement, Species},
    resemblance::{HandicapRule, Individual, Space},
};
use serde::Serialize;

use super::StudyRow;
use crate::{
    evaluate::first_rankings,
    fairness::{most_frequent, never_answered},
    methods::{Method, catalogue_by, rankings},
    report::percent,
    sameness::Sameness,
};

/// The rules of the table, in its order.
pub const RULES: [HandicapRule; 8] = [
    HandicapRule::NONE,
    compensating(0.9, 0.6),
    compensating(0.8, 0.6),
    compensating(0.7, 0.6),
    compensating(0.8, 1.0),
    compensating(0.8, 0.1),
    HandicapRule { strength: 0.0, ..HandicapRule::SHIPPED },
    HandicapRule::SHIPPED,
];

const fn compensating(handicapped: f64, strength: f32) -> HandicapRule {
    HandicapRule { handicapped, strength, most: 1.0 }
}

/// How steady and how fair the answer from one photo is under one rule.
#[derive(Debug, Clone, Serialize)]
pub struct HandicapRow {
    /// Share of the dogs that get a handicap, the nearest first.
    pub handicapped: f64,
    /// Share of the difference that is made up for.
    pub strength: f32,
    /// Largest share of persons that one dog may answer.
    pub most: f64,
    /// Share of pairs with the same top dog.
    pub same_top: f64,
    /// Share of pairs whose first five have a dog in common.
    pub shared_five: f64,
    /// Share of persons who get the most frequent dog.
    pub most_frequent: f64,
    /// Share of the dogs that are in nobody's first ten.
    pub never: f64,
}

/// The figures under each rule.
pub fn rows(space: &Space, people: &[Individual], dogs: &[Measurement]) -> Vec<HandicapRow> {
    RULES.iter().map(|&rule| row(rule, space, people, dogs)).collect()
}

fn row(
    rule: HandicapRule,
    space: &Space,
    people: &[Individual],
    dogs: &[Measurement],
) -> HandicapRow {
    let catalogue = catalogue_by(rule, space, dogs);
    let place = |face: &Measurement| Method::Space.vector(space, Species::Person, face);
    let rankings = rankings(people, 1, place, &catalogue);
    let Sameness { same_top, shared_five, .. } = Sameness::of(&rankings);
    let first = first_rankings(&rankings);
    HandicapRow {
        handicapped: rule.handicapped,
        strength: rule.strength,
        most: rule.most,
        same_top,
        shared_five,
        most_frequent: most_frequent(&first, dogs.len()),
        never: never_answered(&first, dogs.len()),
    }
}

impl StudyRow for HandicapRow {
    const HEADING: &'static str = "A chance for every dog, one photo";
    const COLUMNS: &'static [&'static str] = &[
        "share made up",
        "same top dog",
        "first 5 share a dog",
        "most frequent dog",
        "never in a top 10",
    ];

    fn name(&self) -> String {
        let limit = if self.most < 1.0 {
            format!(", no dog for more than {:.1} %", 100.0 * self.most)
        } else {
            String::new()
        };
        if self.strength > 0.0 {
            format!("nearest {:.0} % handicapped{limit}", 100.0 * self.handicapped)
        } else {
            format!("none handicapped{limit}")
        }
    }

    fn figures(&self) -> Vec<String> {
        let strength =
            if self.strength > 0.0 { format!("{:.1}", self.strength) } else { "-".to_owned() };
        let shares = [self.same_top, self.shared_five, self.most_frequent, self.never];
        std::iter::once(strength).chain(shares.map(percent)).collect()
    }
}

#[cfg(test)]
mod tests {
    use mungpy_core::{
        face::{ModelOrigin, SymmetricShape},
        resemblance::{Population, sample_faces},
    };

    use super::{super::space::tests::made_up_people, *};

    /// Dogs of which half are ordinary and half are odd: they deviate so many times more
    /// from the mean.
    fn made_up_dogs(count: usize, oddness: f64) -> Vec<Measurement> {
        let dogs = Population::shipped_dog();
        let odd = |(number, dog): (usize, Measurement)| {
            let factor = if number % 2 == 0 { 1.0 } else { oddness };
            let mut points = *dog.shape.points();
            for (coordinate, mean) in points.iter_mut().flatten().zip(&dogs.shape_mean) {
                *coordinate = mean + factor * (*coordinate - mean);
            }
            Measurement::of_shape(SymmetricShape::from_points(points).unwrap()).unwrap()
        };
        sample_faces(&dogs, count).into_iter().enumerate().map(odd).collect()
    }

    #[test]
    fn handicapped_dogs_leave_no_more_dogs_out() {
        let ordinary = sample_faces(&Population::shipped_dog(), 200);
        let space = Space::for_catalogue(&Population::shipped_person(ModelOrigin::Own), &ordinary);
        let rows = rows(&space, &made_up_people(100, 0.01), &made_up_dogs(300, 3.0));
        // Among so few made-up dogs the shares differ by chance.
        let never = [0, 3, 2, 1].map(|number: usize| rows[number].never);
        assert!(never.iter().all(|share| *share < never[0] + 0.03), "{never:?}");
        assert!(rows.iter().all(|row| row.same_top <= row.shared_five), "{rows:#?}");
        assert_eq!(rows[0].name(), "none handicapped");
        assert_eq!(rows[3].figures()[0], "0.6");
        assert!(rows[7].most_frequent <= rows[0].most_frequent);
    }
}
