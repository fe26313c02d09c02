//! `mungpy evaluate`.

use std::{fs, process::ExitCode};

use mungpy::{extract::Extractor, progress::Progress, settings::Settings};
use mungpy_core::face::Species;
use mungpy_core::reason::Reason;

use super::{Failure, args};
use crate::evaluate::{self, Cache, Distortion, Extent, Gallery, GalleryMeasurements};

pub(super) fn run(command: &args::Evaluate, settings: &Settings) -> Result<ExitCode, Failure> {
    let cache = Cache::open(&settings.data_dir.evaluation_path())?;
    let people = Gallery::find(&command.people, command.recordings)?;
    let dogs = Gallery::find_all(&command.dogs, false)?;
    let people = measured(people, Species::Person, settings, &cache, &evaluate::distortions())?;
    let dogs = measured(dogs, Species::Dog, settings, &cache, &[])?;
    if dogs.first_measured().is_empty() {
        let count = dogs.outcomes.len();
        let message = format!("none of the {count} photos of dogs could be measured; give others");
        return Err(Failure::new(Reason::NoDogs, message));
    }
    let extractor = Extractor::load(Species::Dog, &settings.models)?;
    let mut progress = Progress::new("twin");
    let update = |done, all| progress.update(done, all);
    let space = evaluate::space_of(&settings.persons(), &dogs);
    let twins =
        evaluate::plant::<Failure>(&space, &people, &dogs, extractor, settings.workers, update)?;
    progress.finish();
    let findings = evaluate::study(&space, &people, &dogs, twins);
    print!("{}", evaluate::table(&findings));
    if let Some(folder) = &command.report {
        fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
        let json = serde_json::to_string_pretty(&findings).expect("findings are plain data");
        for (name, text) in [("index.html", evaluate::html(&findings)), ("findings.json", json)] {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|error| Failure::file(&path, &error))?;
        }
        println!("\nreport: {}", folder.join("index.html").display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Measures a gallery, as it is and distorted, with a progress bar.
pub(super) fn measured(
    gallery: Gallery,
    species: Species,
    settings: &Settings,
    cache: &Cache,
    distortions: &[(Distortion, Extent)],
) -> Result<GalleryMeasurements, Failure> {
    let extractor = Extractor::load(species, &settings.models)?;
    let mut progress = Progress::new(species.name());
    let measured = evaluate::measure_all::<Failure>(
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
