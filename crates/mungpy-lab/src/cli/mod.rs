//! The `mungpy-lab` command: arguments, and one file for each command.

mod args;
mod estimator;
mod evaluate;
mod population;
mod study;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use mungpy::{
    extract::Extractor,
    progress::Progress,
    settings::{Layers, Settings},
    vision,
};
use mungpy_core::{
    face::{PersonProportions, Species},
    reason::Reason,
};
use mungpy_runtime::{failure::Failure, output};

use crate::{
    cache::Cache,
    described::{Described, describe},
    distortion::Distortion,
    gallery::Gallery,
    measuring::{self, Extent, GalleryMeasurements},
};
use args::{Args, Command};

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let matches = Args::command().get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    dispatch(&args, &matches).unwrap_or_else(|failure| {
        output::complain("mungpy-lab", &failure);
        failure.exit_code()
    })
}

fn dispatch(args: &Args, matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let layers = Layers::new(args.config.as_deref(), &args.common, None, None, matches)?;
    let settings = Settings::resolve(&layers)?;
    let _log = layers.start_logging("warn", None);
    vision::prepare_process();
    if let Some(gpu) = settings.gpu {
        vision::choose_gpu(gpu)?;
    }
    match &args.command {
        Command::Evaluate(command) => evaluate::run(command, &settings),
        Command::Estimator(command) => estimator::run(command, &settings),
        Command::Population(command) => population::run(command, &settings),
        Command::Study(command) => study::run(command, &settings),
    }
}

/// Measures a gallery, as it is and distorted, with a progress bar.
fn measured(
    gallery: Gallery,
    species: Species,
    settings: &Settings,
    cache: &Cache,
    distortions: &[(Distortion, Extent)],
) -> Result<GalleryMeasurements, Failure> {
    let extractor = Extractor::load(species, &settings.models)?;
    let mut progress = Progress::new(species.name());
    let measured = measuring::measure_all::<Failure>(
        gallery,
        extractor,
        settings.workers,
        cache,
        distortions,
        |done, all| progress.update(done, all),
    )?;
    progress.finish();
    Ok(measured)
}

/// Describes the photos of persons in a folder, with a progress bar.
fn described(
    folder: &Path,
    recordings: bool,
    settings: &Settings,
    cache: &Cache,
) -> Result<Vec<Described>, Failure> {
    if settings.models.person_proportions() != PersonProportions::Estimated {
        let message = "faces must be described for this: drop --person-proportions measured";
        return Err(Failure::new(Reason::ArgumentsConflict, message));
    }
    let extractor = Extractor::load(Species::Person, &settings.models)?;
    let gallery = Gallery::find(folder, recordings)?;
    let mut progress = Progress::new("described");
    let update = |done, all| progress.update(done, all);
    let photos = describe::<Failure>(&gallery, extractor, settings.workers, cache, update)?;
    progress.finish();
    Ok(photos)
}

/// Measures photos of dogs; at least one must show a face.
fn measured_dogs(
    folders: &[PathBuf],
    settings: &Settings,
    cache: &Cache,
) -> Result<GalleryMeasurements, Failure> {
    let gallery = Gallery::find_all(folders, false)?;
    let dogs = measured(gallery, Species::Dog, settings, cache, &[])?;
    if dogs.first_measured().is_empty() {
        let count = dogs.outcomes.len();
        let message = format!("none of the {count} photos of dogs could be measured; give others");
        return Err(Failure::new(Reason::NoDogs, message));
    }
    Ok(dogs)
}
