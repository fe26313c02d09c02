//! `mungpy population`: the shipped statistics are made with it.

use std::{fmt::Display, fs, path::Path, process::ExitCode};

use mungpy::{
    extract::Extractor,
    files::{self, MAX_SETTINGS_BYTES},
    settings::Settings,
};
use mungpy_core::{
    face::Species,
    reason::Reason,
    resemblance::{PersonSums, Population},
};

use super::{Failure, args, measured};
use crate::{cache::Cache, gallery::Gallery, measuring::GalleryMeasurements};

pub(super) fn run(command: &args::Population, settings: &Settings) -> Result<ExitCode, Failure> {
    if let Some(sums) = &command.sums {
        return recentre(sums, &command.output, settings);
    }
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

/// Writes the estimator with its statistics centred on the persons of running sums.
fn recentre(sums: &Path, output: &Path, settings: &Settings) -> Result<ExitCode, Failure> {
    let bytes =
        files::read(sums, MAX_SETTINGS_BYTES).map_err(|error| Failure::file(sums, &error))?;
    let invalid = |detail: &dyn Display| {
        Failure::new(Reason::ConfigInvalid, format!("{}: {detail}", sums.display()))
    };
    let public: PersonSums = serde_json::from_slice(&bytes).map_err(|error| invalid(&error))?;
    let extractor = Extractor::load(Species::Person, &settings.models)?;
    if !public.is_of(extractor.version()) {
        let (own, other) = (extractor.version(), &public.model_version);
        return Err(invalid(&format!("the sums are of {other}, this program measures by {own}")));
    }
    let estimator = public.recentre(&settings.models.person_estimator())?;
    let json = serde_json::to_string(&estimator).expect("an estimator is plain data");
    fs::write(output, json + "\n").map_err(|error| Failure::file(output, &error))?;
    println!("centred on {} persons; use it with --person-estimator", public.count);
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
