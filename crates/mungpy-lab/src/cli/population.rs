//! `mungpy population`: the shipped statistics are made with it.

use std::{fs, process::ExitCode};

use mungpy::settings::Settings;
use mungpy_core::{face::Species, resemblance::Population};

use super::{Failure, args, measured};
use crate::{cache::Cache, gallery::Gallery, measuring::GalleryMeasurements};

pub(super) fn run(command: &args::Population, settings: &Settings) -> Result<ExitCode, Failure> {
    let species: Species = command.species.into();
    let cache = Cache::open(&settings.data_dir.evaluation_path())?;
    let gallery = Gallery::find_all(&command.photos, command.recordings)?;
    let measured = measured(gallery, species, settings, &cache, &[])?;
    let mut population = Population::of(species, &measured.version, &measured.measurements());
    if command.recordings {
        population = population.with_repeatability(&measured.individuals());
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
