//! The evaluation itself: measure, compare, count.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    CacheError, Findings, Gallery, Method, MethodFindings, RobustnessFindings, Twins,
    bound::bounds,
    cache::{Cache, Outcome},
    distortion::Distortion,
    findings::{Fairness, Sameness},
    metrics::{median, occurrences, overlap, place, ranked, share, skewness},
};
use crate::{
    extract::{self, ExtractError, Extractor},
    face::{Measurement, RATIO_COUNT, Ratio, Species},
    photo::Photo,
    resemblance::{Population, Space, intraclass_correlation},
};

/// Photos that are averaged on each side at most.
const AVERAGED: usize = 3;
const SEED: u64 = 1;

/// Outcomes for each picture of a gallery, in its order.
pub struct Measured {
    /// What was looked at.
    pub gallery: Gallery,
    /// The measurement of each picture, or why there is none.
    pub outcomes: Vec<Outcome>,
    /// For each distortion the outcomes of the pictures that it was tried on.
    pub distorted: Vec<(Distortion, Vec<(usize, Outcome)>)>,
    /// Version of the models.
    pub version: String,
}

impl Measured {
    /// For each individual its recordings, and of each the measurements.
    pub fn individuals(&self) -> Vec<Vec<Vec<Measurement>>> {
        let mut all: BTreeMap<&str, BTreeMap<&str, Vec<Measurement>>> = BTreeMap::new();
        for (picture, outcome) in self.gallery.pictures.iter().zip(&self.outcomes) {
            if let Ok(measurement) = outcome {
                let individual = all.entry(&picture.individual).or_default();
                individual.entry(&picture.recording).or_default().push(*measurement);
            }
        }
        all.into_values().map(|recordings| recordings.into_values().collect()).collect()
    }

    /// Number of the first measured picture of each individual, and what was
    /// measured in it.
    pub fn first_measured(&self) -> Vec<(usize, &Measurement)> {
        let mut found: BTreeMap<&str, (usize, &Measurement)> = BTreeMap::new();
        for (number, outcome) in self.outcomes.iter().enumerate() {
            if let Ok(measurement) = outcome {
                let individual = &self.gallery.pictures[number].individual;
                found.entry(individual).or_insert((number, measurement));
            }
        }
        found.into_values().collect()
    }

    /// Refused photos by reason code.
    pub fn refusals(&self) -> BTreeMap<String, usize> {
        let mut count = BTreeMap::new();
        for reason in self.outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            *count.entry(reason.clone()).or_default() += 1;
        }
        count
    }
}

/// Work of one thread: a picture, and what is done to it first.
struct Task {
    picture: usize,
    distortion: Option<Distortion>,
}

/// Measures every picture, and one picture of each individual under every
/// distortion if `distort` says so. `progress` gets tasks done and all tasks.
pub fn measure_all<E: From<ExtractError> + From<CacheError>>(
    gallery: Gallery,
    extractor: Extractor,
    workers: usize,
    cache: &Cache,
    distort: bool,
    mut progress: impl FnMut(usize, usize),
) -> Result<Measured, E> {
    let version = extractor.version().to_owned();
    let mut tasks: Vec<Task> =
        (0..gallery.pictures.len()).map(|picture| Task { picture, distortion: None }).collect();
    if distort {
        for picture in first_of_each(&gallery) {
            tasks.extend(Distortion::ALL.map(|d| Task { picture, distortion: Some(d) }));
        }
    }
    let mut results: Vec<Option<Outcome>> = vec![None; tasks.len()];
    let mut done = 0;
    let work = |extractor: &mut Extractor, task: &Task| -> Result<Outcome, CacheError> {
        measure_one(extractor, &gallery, task, cache, &version)
    };
    extract::spread(extractor, workers, &tasks, work, |number, outcome| {
        results[number] = Some(outcome?);
        done += 1;
        progress(done, tasks.len());
        Ok::<_, E>(())
    })?;
    let mut results: Vec<Outcome> = results.into_iter().flatten().collect();
    let after = results.split_off(gallery.pictures.len());
    let mut distorted: Vec<_> = Distortion::ALL.map(|d| (d, Vec::new())).to_vec();
    for (task, outcome) in tasks[gallery.pictures.len()..].iter().zip(after) {
        let found = distorted.iter_mut().find(|(d, _)| Some(*d) == task.distortion);
        found.expect("every distortion has a list").1.push((task.picture, outcome));
    }
    Ok(Measured { gallery, outcomes: results, distorted, version })
}

fn first_of_each(gallery: &Gallery) -> Vec<usize> {
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, picture) in gallery.pictures.iter().enumerate() {
        first.entry(&picture.individual).or_insert(number);
    }
    first.into_values().collect()
}

fn measure_one(
    extractor: &mut Extractor,
    gallery: &Gallery,
    task: &Task,
    cache: &Cache,
    version: &str,
) -> Result<Outcome, CacheError> {
    let Ok(bytes) = fs::read(&gallery.pictures[task.picture].path) else {
        return Ok(Err("FILE_UNUSABLE".to_owned()));
    };
    let treatment = task.distortion.map(Distortion::name).unwrap_or_default();
    let key = Cache::key(&bytes, &treatment, version);
    if let Some(outcome) = cache.get(&key, extractor.species())? {
        return Ok(outcome);
    }
    let found = extracted(extractor, &bytes, task.distortion).map_err(|error| error.reason());
    cache.put(&key, found.as_ref().map_err(|reason| *reason))?;
    let checked = found
        .and_then(|face| face.check().map(|()| face.measurement).map_err(|error| error.reason()));
    Ok(checked.map_err(str::to_owned))
}

fn extracted(
    extractor: &mut Extractor,
    bytes: &[u8],
    distortion: Option<Distortion>,
) -> Result<extract::Extraction, ExtractError> {
    let photo = Photo::decode(bytes)?;
    let Some(distortion) = distortion else { return extractor.extract_decoded(&photo) };
    let face = || extractor.extract_decoded(&photo).map(|plain| plain.landmarks);
    let changed = distortion.apply(&photo, face)?;
    extractor.extract_decoded(&changed)
}

/// The common space of persons of a population and the first measured photo of
/// each dog.
pub fn space_of(persons: &Population, dogs: &Measured) -> Space {
    Space::for_catalogue(persons, &catalogue_of(dogs))
}

fn catalogue_of(dogs: &Measured) -> Vec<Measurement> {
    dogs.first_measured().into_iter().map(|(_, dog)| *dog).collect()
}

/// Everything that is told about persons and dogs.
pub fn study(space: &Space, people: &Measured, dogs: &Measured, twins: Twins) -> Findings {
    let catalogue = catalogue_of(dogs);
    let measured = |m: &Measured| [m.outcomes.len(), m.outcomes.iter().flatten().count()];
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
        twins,
    }
}

fn repeatability(people: &Measured, dogs: &Measured) -> Vec<(String, Option<f64>, Option<f64>)> {
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
    people: &Measured,
    dogs: &Measured,
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
            Some((&picture.individual[..], vector(Species::Dog, outcome.as_ref().ok()?)))
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

fn fairness(lists: &[Vec<u32>], dogs: usize) -> Fairness {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let chance: Vec<Vec<u32>> = lists
        .iter()
        .map(|_| (0..10.min(dogs)).map(|_| random.random_range(0..dogs as u32)).collect())
        .collect();
    let both = |figure: &dyn Fn(&[Vec<u32>]) -> f64| [figure(lists), figure(&chance)];
    let top = |lists: &[Vec<u32>]| occurrences(lists, 1, dogs);
    let ten = |lists: &[Vec<u32>]| occurrences(lists, 10, dogs);
    Fairness {
        most_frequent: both(&|l| share(top(l).into_iter().max().unwrap_or(0), l.len())),
        skewness_1: both(&|l| skewness(&top(l))),
        skewness_10: both(&|l| skewness(&ten(l))),
        never: both(&|l| share(ten(l).iter().filter(|&&count| count == 0).count(), dogs)),
    }
}

/// The dogs of a photo, and of the changed photo.
type Lists = (Vec<u32>, Vec<u32>);

fn robustness(
    space: &Space,
    people: &Measured,
    catalogue: &[Measurement],
) -> Vec<RobustnessFindings> {
    let vector = |face: &Measurement| Method::Space.vector(space, Species::Person, face);
    let dogs = Method::Space.catalogue(space, catalogue);
    let list = |face: &Measurement| ranked(&vector(face), &dogs);
    people
        .distorted
        .iter()
        .map(|(distortion, outcomes)| {
            let tried: Vec<(&Measurement, &Outcome)> = outcomes
                .iter()
                .filter_map(|(picture, outcome)| {
                    Some((people.outcomes[*picture].as_ref().ok()?, outcome))
                })
                .collect();
            let pairs: Vec<Lists> = tried
                .iter()
                .filter_map(|(plain, outcome)| Some((list(plain), list(outcome.as_ref().ok()?))))
                .collect();
            let holds = |rule: &dyn Fn(&Lists) -> bool| {
                share(pairs.iter().filter(|pair| rule(pair)).count(), pairs.len())
            };
            RobustnessFindings {
                distortion: distortion.name(),
                photos: [tried.len(), pairs.len()],
                same_top: holds(&|(a, b)| a.first() == b.first()),
                shared_five: holds(&|(a, b)| overlap(a, b, 5) > 0),
            }
        })
        .collect()
}
