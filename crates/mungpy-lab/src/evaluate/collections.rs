//! Collections of people side by side: is the answer as steady, as true and as fair for each?
//!
//! A figure from the collection that the statistics come from hides what others will meet.

use std::collections::BTreeMap;

use mungpy_core::{
    face::{FEATURE_COUNT, Measurement, Species},
    resemblance::{Individual, Recording, Space},
};
use serde::Serialize;

use super::first_rankings;
use crate::{
    fairness::{Fairness, most_frequent},
    measuring::{Face, GalleryMeasurements},
    methods::{self, Method},
    metrics::{IndividualRankings, Ranking},
    sameness::Sameness,
};

/// Most photos that are averaged on one side.
const AVERAGED: usize = 3;

/// What was found in one collection of people. Shares are between 0 and 1.
#[derive(Debug, Clone, Serialize)]
pub struct CollectionFindings {
    /// Name of its folder.
    pub name: String,
    /// Persons that were measured, and photos.
    pub measured: [usize; 2],
    /// Pairs of single photos of different recordings.
    pub one_photo: Sameness,
    /// Persons of whom two or three photos are averaged on each of two sides, no recording on
    /// both, and how far the sides agree.
    pub several_photos: (usize, Sameness),
    /// Mean share of a direction's variance among these persons that two photos have in common.
    pub repeatability: f64,
    /// Mean correlation, over the features, of what is compared (the estimate) and of what was
    /// read off the photo, with what the person's other recordings measure.
    pub validity: [f64; 2],
    /// Root mean square, over the directions, of how far the mean person lies from the mean of
    /// the statistics, in standard deviations of persons.
    pub displacement: f64,
    /// Share of persons who get the most frequent dog, and that of random choice.
    pub most_frequent: [f64; 2],
    /// The same for groups of persons who look alike.
    pub clusters: Vec<ClusterFindings>,
}

/// What was found for persons who look alike.
#[derive(Debug, Clone, Serialize)]
pub struct ClusterFindings {
    /// Persons in it.
    pub persons: usize,
    /// As of a collection.
    pub displacement: f64,
    /// As of a collection.
    pub most_frequent: [f64; 2],
}

/// Counts over a collection. `dogs` are places of the catalogue in the space; `cluster_of` names
/// the group of a person, if groups were made.
pub fn collection(
    name: &str,
    space: &Space,
    people: &GalleryMeasurements,
    dogs: &[Vec<f64>],
    cluster_of: &dyn Fn(&str) -> Option<usize>,
) -> CollectionFindings {
    let individuals = people.individuals();
    let place = |face: &Measurement| Method::Space.vector(space, Species::Person, face);
    let single = methods::rankings(&individuals, 1, place, dogs);
    let several = several_photos(&individuals, place, dogs);
    let first = first_rankings(&single);
    let photos = individuals.iter().map(|own| own.photos().count()).sum();
    let fairness = Fairness::of(&first, dogs.len());
    CollectionFindings {
        name: name.to_owned(),
        measured: [individuals.len(), photos],
        one_photo: Sameness::of(&single),
        several_photos: (several.len(), Sameness::of(&several)),
        repeatability: repeatability(space, &individuals),
        validity: validity(people),
        displacement: displacement(space, &first_measurements(&individuals)),
        most_frequent: fairness.most_frequent,
        clusters: clusters(space, people, dogs, cluster_of),
    }
}

fn first_measurements(individuals: &[Individual]) -> Vec<Measurement> {
    individuals.iter().filter_map(|own| own.photos().next().copied()).collect()
}

/// Rankings of two sides of each individual, with two or three photos averaged on each and no
/// recording on both; of individuals that have so many.
fn several_photos(
    individuals: &[Individual],
    place: impl Fn(&Measurement) -> Vec<f64>,
    dogs: &[Vec<f64>],
) -> Vec<IndividualRankings> {
    let ranking =
        |side: &Vec<Measurement>| Some(Ranking::of(&place(&Measurement::mean(side).ok()?), dogs));
    individuals
        .iter()
        .filter_map(sides)
        .map(|sides| IndividualRankings(sides.iter().filter_map(ranking).collect()))
        .collect()
}

/// Two sets of photos of different recordings, as even as can be; `None` if one has fewer than
/// two.
fn sides(individual: &Individual) -> Option<[Vec<Measurement>; 2]> {
    let mut sides: [Vec<&Recording>; 2] = [Vec::new(), Vec::new()];
    let photos = |side: &[&Recording]| side.iter().map(|r| r.photos.len()).sum::<usize>();
    for recording in &individual.recordings {
        let shorter = usize::from(photos(&sides[0]) > photos(&sides[1]));
        sides[shorter].push(recording);
    }
    let sides = sides.map(|side| in_turn(&side, AVERAGED));
    sides.iter().all(|side| side.len() > 1).then_some(sides)
}

/// Up to `count` photos, one of each recording in turn.
fn in_turn(recordings: &[&Recording], count: usize) -> Vec<Measurement> {
    let longest = recordings.iter().map(|recording| recording.photos.len()).max().unwrap_or(0);
    let rounds = (0..longest).flat_map(|turn| recordings.iter().map(move |r| r.photos.get(turn)));
    rounds.flatten().copied().take(count).collect()
}

/// Mean over the directions of one less the share of variance between photos of one person.
fn repeatability(space: &Space, individuals: &[Individual]) -> f64 {
    let directions = space.variances().len();
    let place = |face: &Measurement| -> Vec<f64> {
        let all = Method::Space.vector(space, Species::Person, face);
        all[..directions].to_vec()
    };
    let groups: Vec<Vec<Vec<f64>>> = individuals
        .iter()
        .map(|own| own.recordings.iter().map(|r| place(&r.photos[0])).collect())
        .collect();
    let of_direction = |direction: usize| {
        let values: Vec<Vec<f64>> =
            groups.iter().map(|own| own.iter().map(|place| place[direction]).collect()).collect();
        mungpy_core::resemblance::intraclass_correlation(&values).unwrap_or(0.0)
    };
    (0..directions).map(of_direction).sum::<f64>() / directions as f64
}

/// Correlations of each photo's features with what the person's other recordings measure.
fn validity(people: &GalleryMeasurements) -> [f64; 2] {
    let pictures = people.gallery.pictures.iter();
    let faces: Vec<(&str, &str, &Face)> = pictures
        .zip(&people.outcomes)
        .filter_map(|(picture, outcome)| {
            let face = outcome.as_ref().ok()?;
            Some((&picture.individual[..], &picture.recording[..], face))
        })
        .collect();
    let mut by_person: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, (person, ..)) in faces.iter().enumerate() {
        by_person.entry(person).or_default().push(number);
    }
    let mut rows: Vec<[[f64; FEATURE_COUNT]; 3]> = Vec::new();
    for (person, recording, face) in &faces {
        let others: Vec<[f64; FEATURE_COUNT]> = by_person[person]
            .iter()
            .map(|&other| &faces[other])
            .filter(|(_, other, _)| other != recording)
            .map(|(.., other)| other.measured.features())
            .collect();
        if !others.is_empty() {
            let mean = std::array::from_fn(|i| {
                others.iter().map(|row| row[i]).sum::<f64>() / others.len() as f64
            });
            rows.push([face.measurement.features(), face.measured.features(), mean]);
        }
    }
    [0, 1].map(|told| {
        let of = |i: usize| correlation(rows.iter().map(|row| [row[told][i], row[2][i]]));
        (0..FEATURE_COUNT).map(of).sum::<f64>() / FEATURE_COUNT as f64
    })
}

/// Pearson's correlation; 0 where one side does not vary.
fn correlation(pairs: impl Iterator<Item = [f64; 2]> + Clone) -> f64 {
    let count = pairs.clone().count().max(1) as f64;
    let mean = |side: usize| pairs.clone().map(|pair| pair[side]).sum::<f64>() / count;
    let means = [mean(0), mean(1)];
    let (mut products, mut squares) = (0.0, [0.0, 0.0]);
    for pair in pairs {
        let deviations = [pair[0] - means[0], pair[1] - means[1]];
        products += deviations[0] * deviations[1];
        for side in 0..2 {
            squares[side] += deviations[side] * deviations[side];
        }
    }
    let scale = (squares[0] * squares[1]).sqrt();
    if scale > 0.0 { products / scale } else { 0.0 }
}

/// How far the mean of these persons lies from the mean of the statistics.
fn displacement(space: &Space, persons: &[Measurement]) -> f64 {
    let places: Vec<Vec<f64>> =
        persons.iter().map(|person| Method::Space.vector(space, Species::Person, person)).collect();
    let variances = space.variances();
    let squares = variances.iter().enumerate().map(|(direction, variance)| {
        let sum: f64 = places.iter().map(|place| place[direction]).sum();
        (sum / places.len().max(1) as f64).powi(2) / variance
    });
    (squares.sum::<f64>() / variances.len() as f64).sqrt()
}

fn clusters(
    space: &Space,
    people: &GalleryMeasurements,
    dogs: &[Vec<f64>],
    cluster_of: &dyn Fn(&str) -> Option<usize>,
) -> Vec<ClusterFindings> {
    let mut groups: BTreeMap<usize, Vec<Measurement>> = BTreeMap::new();
    for (picture, face) in people.first_measured() {
        let person = &people.gallery.pictures[picture].individual;
        if let Some(cluster) = cluster_of(person) {
            groups.entry(cluster).or_default().push(face.measurement);
        }
    }
    let findings = |persons: Vec<Measurement>| {
        let rankings: Vec<Ranking> = persons
            .iter()
            .map(|face| {
                Ranking::of(&Method::Space.vector(space, Species::Person, face), dogs)
                    .truncated(crate::fairness::ANSWERED)
            })
            .collect();
        ClusterFindings {
            persons: persons.len(),
            displacement: displacement(space, &persons),
            most_frequent: [
                most_frequent(&rankings, dogs.len()),
                Fairness::of(&rankings, dogs.len()).most_frequent[1],
            ],
        }
    };
    groups.into_values().map(findings).collect()
}

#[cfg(test)]
mod tests {
    use mungpy_core::resemblance::{PersonEstimator, Population, sample_faces};

    use super::*;

    fn individual(photos: &[usize], faces: &[Measurement]) -> Individual {
        let mut faces = faces.iter();
        let recording =
            |&count: &usize| Recording { photos: faces.by_ref().take(count).copied().collect() };
        Individual { recordings: photos.iter().map(recording).collect() }
    }

    #[test]
    fn no_recording_is_on_both_sides() {
        let faces = sample_faces(&PersonEstimator::shipped().population, 8);
        let [a, b] = sides(&individual(&[2, 1, 3, 2], &faces)).unwrap();
        assert_eq!((a.len(), b.len()), (3, 3));
        // Recordings 0 and 3 against 1 and 2: one photo of each in turn.
        assert_eq!(a, [faces[0], faces[6], faces[1]]);
        assert_eq!(b, [faces[2], faces[3], faces[4]]);
        assert!(sides(&individual(&[3, 1], &faces)).is_none(), "one photo is not several");
    }

    #[test]
    fn persons_of_the_statistics_are_not_displaced_and_others_are() {
        let persons = PersonEstimator::shipped().population;
        let space = Space::new(&persons, &Population::shipped_dog());
        let mut faces = sample_faces(&persons, 400);
        assert!(displacement(&space, &faces) < 0.15, "{}", displacement(&space, &faces));
        let first = |face: &Measurement| space.embed(Species::Person, face).coordinates()[0];
        faces.sort_by(|a, b| first(a).total_cmp(&first(b)));
        assert!(displacement(&space, &faces[..100]) > 0.3);
    }

    #[test]
    fn correlation_is_pearsons() {
        let pairs = [[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]];
        assert!((correlation(pairs.into_iter()) - 1.0).abs() < 1e-12);
        let opposite = [[1.0, 6.0], [2.0, 4.0], [3.0, 2.0]];
        assert!((correlation(opposite.into_iter()) + 1.0).abs() < 1e-12);
        assert!(correlation([[1.0, 1.0], [1.0, 2.0]].into_iter()).abs() < 1e-12);
    }
}
