//! `mungpy-lab estimator`: the shipped estimator of persons is made with it.

use std::{collections::BTreeMap, fs, path::Path, process::ExitCode};

use mungpy::{extract::Extractor, settings::Settings};
use mungpy_core::{
    face::{Measurement, Species},
    reason::Reason,
    resemblance::{
        FitOptions, FitPhoto, Individual, PersonEstimator, Population, Recording, Shrinkage, fit,
    },
};
use mungpy_runtime::failure::Failure;

use super::{args, described};
use crate::{
    cache::Cache,
    described::{Described, without_persons_of, without_repeated_pictures},
};

/// Power of its repeatability that a direction of estimates is scaled by.
const DIRECTION_WEIGHT: f64 = 3.0;

pub(super) fn run(command: &args::Estimator, settings: &Settings) -> Result<ExitCode, Failure> {
    let cache = Cache::open(&settings.data_dir.evaluation_path())?;
    let version = Extractor::load(Species::Person, &settings.models)?.model_version().to_owned();
    let described = |folder: &Path| -> Result<Vec<Described>, Failure> {
        let photos = without_repeated_pictures(described(folder, true, settings, &cache)?);
        println!("{}: {} usable photos", folder.display(), photos.len());
        Ok(photos)
    };
    let photos = described(&command.people)?;
    let options = FitOptions {
        ridge: command.ridge,
        measured_share: command.measured_share,
        ..FitOptions::default()
    };
    let fitted = fit(&numbered(&photos), options, &version)
        .map_err(|error| Failure::new(Reason::ConfigInvalid, error))?;
    let mut estimator = fitted.estimator;
    estimator.population = population(&photos, &fitted.held_out, &version);
    let mut centres = Vec::new();
    for folder in &command.centre {
        let others = without_persons_of(described(folder)?, &photos);
        centres.push(mean_person(&estimator, &others));
    }
    estimator.population = estimator.population.centred_between(&centres);
    let json = serde_json::to_string(&estimator).expect("an estimator is plain data");
    fs::write(&command.output, json + "\n")
        .map_err(|error| Failure::file(&command.output, &error))?;
    let [persons, photos] = estimator.fitted_on;
    println!("fitted on {photos} photos of {persons} persons");
    for (ratio, icc) in estimator.population.ratios.iter().zip(&estimator.population.repeatability)
    {
        println!("  {ratio:<26} ICC {icc:.2}");
    }
    Ok(ExitCode::SUCCESS)
}

/// The photos with persons and occasions as numbers.
fn numbered(photos: &[Described]) -> Vec<FitPhoto> {
    let mut persons: BTreeMap<&str, usize> = BTreeMap::new();
    let mut occasions: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    photos
        .iter()
        .map(|photo| {
            let (person, occasion) = (&photo.picture.individual, &photo.picture.recording);
            let (next_person, next_occasion) = (persons.len(), occasions.len());
            FitPhoto {
                person: *persons.entry(person).or_insert(next_person),
                occasion: *occasions.entry((person, occasion)).or_insert(next_occasion),
                descriptor: photo.descriptor,
                measured: photo.measured,
            }
        })
        .collect()
}

/// Statistics of the estimates that fits without their persons made.
fn population(
    photos: &[Described],
    estimates: &[(usize, Measurement)],
    version: &str,
) -> Population {
    let all: Vec<Measurement> = estimates.iter().map(|(_, estimate)| *estimate).collect();
    let mut persons: BTreeMap<&str, BTreeMap<&str, Recording>> = BTreeMap::new();
    for (number, estimate) in estimates {
        let picture = &photos[*number].picture;
        let occasions = persons.entry(&picture.individual).or_default();
        occasions.entry(&picture.recording).or_default().photos.push(*estimate);
    }
    let individual =
        |own: BTreeMap<&str, Recording>| Individual { recordings: own.into_values().collect() };
    let individuals: Vec<Individual> = persons.into_values().map(individual).collect();
    let population = Population::of(Species::Person, version, &all);
    Population {
        direction_weight: DIRECTION_WEIGHT,
        shrinkage: Shrinkage::ESTIMATED,
        ..population.with_repeatability(&individuals)
    }
}

/// Statistics of the mean estimate of each person, of which only the means are used.
fn mean_person(estimator: &PersonEstimator, photos: &[Described]) -> Population {
    let mut persons: BTreeMap<&str, Vec<Measurement>> = BTreeMap::new();
    for photo in photos {
        if let Ok(estimate) = estimator.estimate(&photo.descriptor, &photo.measured) {
            persons.entry(&photo.picture.individual).or_default().push(estimate);
        }
    }
    let means: Vec<Measurement> =
        persons.values().filter_map(|own| Measurement::mean(own).ok()).collect();
    Population::of(Species::Person, &estimator.model_version, &means)
}
