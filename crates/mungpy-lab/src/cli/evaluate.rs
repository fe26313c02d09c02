//! `mungpy-lab evaluate`.

use std::{fs, path::Path, process::ExitCode};

use mungpy::{extract::Extractor, progress::Progress, settings::Settings};
use mungpy_core::face::Species;

use super::{Failure, args, measured, measured_dogs};
use crate::{
    cache::Cache,
    evaluate::{self, Findings, twins},
    gallery::Gallery,
    report::{self, Section},
};

pub(super) fn run(command: &args::Evaluate, settings: &Settings) -> Result<ExitCode, Failure> {
    let cache = Cache::open(&settings.data_dir.evaluation_path())?;
    let people = Gallery::find(&command.people, command.recordings)?;
    let people = measured(people, Species::Person, settings, &cache, &evaluate::distortions())?;
    let dogs = measured_dogs(&command.dogs, settings, &cache)?;
    let extractor = Extractor::load(Species::Dog, &settings.models)?;
    let mut progress = Progress::new("twin");
    let update = |done, all| progress.update(done, all);
    let space = evaluate::space_of(&settings.persons(), &dogs);
    let twins =
        twins::plant::<Failure>(&space, &people, &dogs, extractor, settings.workers, update)?;
    progress.finish();
    let findings = evaluate::evaluate(&space, &people, &dogs, twins);
    let sections = report::sections(&findings);
    print!("{}", report::text(&sections));
    if let Some(folder) = &command.report {
        write_report(folder, &findings, &sections)?;
        println!("\nreport: {}", folder.join("index.html").display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the page and the findings into a folder.
fn write_report(folder: &Path, findings: &Findings, sections: &[Section]) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
    let [persons, dogs] = &findings.model_versions;
    let page = report::page(sections, &format!("measured by {persons} and {dogs}"));
    let json = serde_json::to_string_pretty(findings).expect("findings are plain data");
    for (name, text) in [("index.html", page), ("findings.json", json)] {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| Failure::file(&path, &error))?;
    }
    Ok(())
}
