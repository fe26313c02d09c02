//! `mungpy population`: the shipped statistics are made with it.

use std::{fs, process::ExitCode};

use mungpy::settings::Settings;
use mungpy_core::{
    face::{Measurement, RATIO_COUNT, SHAPE_LEN, Species},
    resemblance::{Population, intraclass_correlation, within_covariance},
};

use super::{Failure, args, evaluate::measured};
use crate::evaluate::{Cache, Gallery, GalleryMeasurements};

pub(super) fn run(command: &args::Population, settings: &Settings) -> Result<ExitCode, Failure> {
    let species: Species = command.species.into();
    let cache = Cache::open(&settings.data_dir.evaluation_path())?;
    let gallery = Gallery::find_all(&command.photos, command.recordings)?;
    let measured = measured(gallery, species, settings, &cache, &[])?;
    let faces = measured.outcomes.iter().flatten();
    let all: Vec<Measurement> = faces.map(|face| face.measurement).collect();
    let mut population = Population::of(species, &measured.version, &all);
    if command.recordings {
        let individuals = measured.individuals();
        population.repeatability = repeatability(&individuals);
        population.shape_within = within_covariance(&shapes(&individuals));
    }
    let json = serde_json::to_string_pretty(&population).expect("statistics are plain data");
    fs::write(&command.output, json + "\n")
        .map_err(|error| Failure::file(&command.output, &error))?;
    print(&population, &measured);
    Ok(ExitCode::SUCCESS)
}

fn print(population: &Population, measured: &GalleryMeasurements) {
    let refused = measured.refusals();
    let (faces, photos) = (population.faces, measured.outcomes.len());
    println!("measured {faces} of {photos} photos; refused: {refused:?}");
    for (index, ratio) in population.ratios.iter().enumerate() {
        let icc =
            population.repeatability.get(index).map_or("-".to_owned(), |icc| format!("{icc:.2}"));
        let (mean, deviation) =
            (population.ratio_mean[index], population.ratio_deviations()[index]);
        println!("  {ratio:<26} mean {:.3}  sigma {deviation:.3}  ICC {icc}", mean.exp());
    }
}

/// Shape coordinates in place of measurements.
fn shapes(individuals: &[Vec<Vec<Measurement>>]) -> Vec<Vec<Vec<[f64; SHAPE_LEN]>>> {
    let shapes = |r: &Vec<Measurement>| r.iter().map(|m| m.shape.coordinates()).collect();
    individuals.iter().map(|recordings| recordings.iter().map(shapes).collect()).collect()
}

/// ICC(1,1) of each ratio between recordings of one individual.
fn repeatability(individuals: &[Vec<Vec<Measurement>>]) -> Vec<f64> {
    let mean = |recording: &Vec<Measurement>, ratio: usize| {
        recording.iter().map(|m| m.log_ratios[ratio]).sum::<f64>() / recording.len() as f64
    };
    (0..RATIO_COUNT)
        .map(|ratio| {
            let groups: Vec<Vec<f64>> = individuals
                .iter()
                .map(|recordings| recordings.iter().map(|r| mean(r, ratio)).collect())
                .collect();
            intraclass_correlation(&groups).unwrap_or(0.0).max(0.0)
        })
        .collect()
}
