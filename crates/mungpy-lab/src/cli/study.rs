//! `mungpy-lab study`.

use std::process::ExitCode;

use mungpy::settings::Settings;
use mungpy_core::{
    face::Species,
    resemblance::{Individual, Population, Space},
};

use super::{
    Failure,
    args::{self, StudyName},
    measured, measured_dogs,
};
use crate::{
    cache::Cache,
    evaluate,
    gallery::Gallery,
    study::{StudyRow, StudyTable, handicap, shrinkage, space},
};

pub(super) fn run(command: &args::Study, settings: &Settings) -> Result<ExitCode, Failure> {
    match command.name {
        StudyName::Space => {
            let rows = space::rows(&people(command, settings)?, space::DOGS)?;
            print(rows, command.json);
        }
        StudyName::Handicap => print(handicap_rows(command, settings)?, command.json),
        StudyName::Shrinkage => {
            let space = Space::new(&persons(command, settings)?, &Population::shipped_dog());
            print(
                shrinkage::rows(space.repeatability(), shrinkage::Sizes::default()),
                command.json,
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print<R: StudyRow>(rows: Vec<R>, json: bool) {
    let table = StudyTable(rows);
    if json {
        println!("{}", table.json());
    } else {
        print!("{}", table.text());
    }
}

fn handicap_rows(
    command: &args::Study,
    settings: &Settings,
) -> Result<Vec<handicap::HandicapRow>, Failure> {
    let people = people(command, settings)?;
    let cache = Cache::open(&settings.data_dir.evaluation_path())?;
    let dogs = measured_dogs(&command.dogs, settings, &cache)?;
    let space = evaluate::space_of(&settings.persons(), &dogs);
    Ok(handicap::rows(&space, &people, &dogs.first_measurements()))
}

/// Measures the people that the command names.
fn people(command: &args::Study, settings: &Settings) -> Result<Vec<Individual>, Failure> {
    let cache = Cache::open(&settings.data_dir.evaluation_path())?;
    let gallery = Gallery::find_all(&command.people, command.recordings)?;
    Ok(measured(gallery, Species::Person, settings, &cache, &[])?.individuals())
}

/// Statistics of the people that the command names; the shipped ones if it names none.
fn persons(command: &args::Study, settings: &Settings) -> Result<Population, Failure> {
    if command.people.is_empty() {
        return Ok(settings.persons());
    }
    let people = people(command, settings)?;
    let all: Vec<_> = people.iter().flat_map(Individual::photos).copied().collect();
    Ok(Population::of(Species::Person, "", &all).with_repeatability(&people))
}
