//! The evaluation itself: measure, compare, count.

use std::collections::HashMap;

use mungpy_core::{
    face::{Measurement, RATIO_COUNT, Ratio, Species},
    resemblance::{Population, Space, intraclass_correlation},
};

use super::{
    Findings, GalleryMeasurements, Method, MethodFindings, RobustnessFindings, Twins,
    bound::bounds,
    cache::{Face, Outcome},
    conditions::conditions,
    distortion::Distortion,
    fairness::{fairness, fairness_to_drawn},
    findings::Sameness,
    metrics::{median, overlap, place, ranked, share},
};

/// Photos that are averaged on each side at most.
const AVERAGED: usize = 3;

/// The common space of persons of a population and the first measured photo of
/// each dog.
pub fn space_of(persons: &Population, dogs: &GalleryMeasurements) -> Space {
    Space::for_catalogue(persons, &catalogue_of(dogs))
}

fn catalogue_of(dogs: &GalleryMeasurements) -> Vec<Measurement> {
    dogs.first_measured().into_iter().map(|(_, dog)| dog.measurement).collect()
}

/// Everything that is told about persons and dogs.
pub fn study(
    space: &Space,
    people: &GalleryMeasurements,
    dogs: &GalleryMeasurements,
    twins: Twins,
) -> Findings {
    let catalogue = catalogue_of(dogs);
    let measured =
        |m: &GalleryMeasurements| [m.outcomes.len(), m.outcomes.iter().flatten().count()];
    Findings {
        model_versions: [people.version.clone(), dogs.version.clone()],
        person_photos: measured(people),
        dog_photos: measured(dogs),
        catalogue: catalogue.len(),
        refusals: [people.refusals(), dogs.refusals()],
        repeatability: repeatability(people, dogs),
        methods: Method::ALL
            .map(|method| findings(method, space, people, dogs, &catalogue))
            .to_vec(),
        robustness: robustness(space, people, &catalogue),
        bounds: bounds(space.repeatability(), catalogue.len()),
        conditions: conditions(space, people, catalogue.len()),
        drawn: fairness_to_drawn(space, &Method::Space.catalogue(space, &catalogue)),
        twins,
    }
}

fn repeatability(
    people: &GalleryMeasurements,
    dogs: &GalleryMeasurements,
) -> Vec<(String, Option<f64>, Option<f64>)> {
    let icc = |individuals: &[Vec<Vec<Measurement>>], ratio: usize| {
        let groups: Vec<Vec<f64>> = individuals
            .iter()
            .map(|own| own.iter().map(|photos| photos[0].log_ratios[ratio]).collect())
            .collect();
        intraclass_correlation(&groups)
    };
    let (people, dogs) = (people.individuals(), dogs.individuals());
    (0..RATIO_COUNT)
        .map(|ratio| (Ratio::ALL[ratio].key().to_owned(), icc(&people, ratio), icc(&dogs, ratio)))
        .collect()
}

fn findings(
    method: Method,
    space: &Space,
    people: &GalleryMeasurements,
    dogs: &GalleryMeasurements,
    catalogue: &[Measurement],
) -> MethodFindings {
    let vector = |species, measurement: &Measurement| method.vector(space, species, measurement);
    let vectors = method.catalogue(space, catalogue);
    let individuals = people.individuals();
    let lists = |photos: usize| -> Vec<Vec<Vec<u32>>> {
        let list = |recording: &Vec<Measurement>| {
            let mean = Measurement::mean(&recording[..photos.min(recording.len())]);
            mean.ok().map(|face| ranked(&vector(Species::Person, &face), &vectors))
        };
        individuals.iter().map(|own| own.iter().filter_map(list).collect()).collect()
    };
    let single = lists(1);
    let dog_photos: Vec<(&str, Vec<f64>)> = dogs
        .gallery
        .pictures
        .iter()
        .zip(&dogs.outcomes)
        .filter_map(|(picture, outcome)| {
            let face = outcome.as_ref().ok()?;
            Some((&picture.individual[..], vector(Species::Dog, &face.measurement)))
        })
        .collect();
    let first_lists: Vec<Vec<u32>> = single.iter().filter_map(|own| own.first().cloned()).collect();
    MethodFindings {
        method: method.name().to_owned(),
        one_photo: sameness(&single),
        three_photos: sameness(&lists(AVERAGED)),
        same_dog: same_dog(&dog_photos),
        fairness: fairness(&first_lists, vectors.len()),
    }
}

/// Over all pairs of an individual's recordings; each individual counts once.
fn sameness(individuals: &[Vec<Vec<u32>>]) -> Sameness {
    let mut sums = [0.0; 4];
    let (mut ranks, mut compared, mut pairs) = (Vec::new(), 0, 0);
    for lists in individuals.iter().filter(|lists| lists.len() > 1) {
        let mut own = [0.0; 4];
        let mut count = 0;
        for (number, a) in lists.iter().enumerate() {
            for b in &lists[..number] {
                let five = overlap(a, b, 5);
                let figures = [
                    f64::from(u8::from(a.first() == b.first())),
                    f64::from(u8::from(five > 0)),
                    five as f64 / 5.0,
                    overlap(a, b, 10) as f64 / 10.0,
                ];
                own.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
                ranks.push(1.0 + place(b, a[0]) as f64);
                count += 1;
            }
        }
        sums.iter_mut().zip(own).for_each(|(sum, own)| *sum += own / f64::from(count));
        compared += 1;
        pairs += count as usize;
    }
    let [same_top, shared_five, five, ten] = sums.map(|sum| sum / f64::from(compared.max(1)));
    Sameness { pairs, same_top, shared_five, mean_overlap: [five, ten], median_rank: median(ranks) }
}

/// Rank-1 and rank-5 identification among all dog photos, for dogs with several.
fn same_dog(photos: &[(&str, Vec<f64>)]) -> [f64; 2] {
    let mut count: HashMap<&str, usize> = HashMap::new();
    for (dog, _) in photos {
        *count.entry(dog).or_default() += 1;
    }
    let vectors: Vec<Vec<f64>> = photos.iter().map(|(_, vector)| vector.clone()).collect();
    let (mut tried, mut hits) = (0, [0, 0]);
    for (number, (dog, vector)) in photos.iter().enumerate().filter(|(_, (d, _))| count[d] > 1) {
        let list = ranked(vector, &vectors);
        let mut others = list.iter().filter(|&&other| other as usize != number);
        let nearest = others.by_ref().take(5).position(|&other| photos[other as usize].0 == *dog);
        tried += 1;
        hits[0] += usize::from(nearest == Some(0));
        hits[1] += usize::from(nearest.is_some());
    }
    hits.map(|hits| share(hits, tried))
}

/// The dogs of a photo, and of the changed photo.
type Lists = (Vec<u32>, Vec<u32>);

fn robustness(
    space: &Space,
    people: &GalleryMeasurements,
    catalogue: &[Measurement],
) -> Vec<RobustnessFindings> {
    let dogs = Method::Space.catalogue(space, catalogue);
    let list = |face: &Face| {
        ranked(&Method::Space.vector(space, Species::Person, &face.measurement), &dogs)
    };
    let mut unchanged: HashMap<usize, Vec<u32>> = HashMap::new();
    let mut findings = Vec::new();
    for (distortion, outcomes) in &people.distorted {
        if !Distortion::ALL.contains(distortion) {
            continue;
        }
        let tried: Vec<(usize, &Face, &Outcome)> = outcomes
            .iter()
            .filter_map(|(n, changed)| Some((*n, people.outcomes[*n].as_ref().ok()?, changed)))
            .collect();
        let pairs: Vec<Lists> = tried
            .iter()
            .filter_map(|(n, plain, changed)| {
                let changed = list(changed.as_ref().ok()?);
                Some((unchanged.entry(*n).or_insert_with(|| list(plain)).clone(), changed))
            })
            .collect();
        findings.push(robustness_under(*distortion, tried.len(), &pairs));
    }
    findings
}

fn robustness_under(distortion: Distortion, tried: usize, pairs: &[Lists]) -> RobustnessFindings {
    let holds = |rule: &dyn Fn(&Lists) -> bool| {
        share(pairs.iter().filter(|pair| rule(pair)).count(), pairs.len())
    };
    RobustnessFindings {
        distortion: distortion.name(),
        photos: [tried, pairs.len()],
        same_top: holds(&|(a, b)| a.first() == b.first()),
        shared_five: holds(&|(a, b)| overlap(a, b, 5) > 0),
    }
}
