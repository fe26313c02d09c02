//! `mungpy-lab evaluate`.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use mungpy::{extract::Extractor, progress::Progress, settings::Settings};
use mungpy_core::face::Species;

use super::{Failure, args, described, measured, measured_dogs};
use crate::{
    cache::Cache,
    described::{clusters, without_persons_of, without_repeated_pictures},
    evaluate::{self, Findings, twins},
    gallery::Gallery,
    measuring::GalleryMeasurements,
    methods::Method,
    report::{self, Section},
};

pub(super) fn run(command: &args::Evaluate, settings: &Settings) -> Result<ExitCode, Failure> {
    let cache = Cache::open(&settings.data_dir.evaluation_path())?;
    let faces = Faces::describe(command, settings, &cache)?;
    let gallery = |folder: &Path| {
        Ok::<_, Failure>(faces.without_known(Gallery::find(folder, command.recordings)?))
    };
    let people = gallery(&command.people)?;
    let people = measured(people, Species::Person, settings, &cache, &evaluate::distortions())?;
    let dogs = measured_dogs(&command.dogs, settings, &cache)?;
    let extractor = Extractor::load(Species::Dog, &settings.models)?;
    let mut progress = Progress::new("twin");
    let update = |done, all| progress.update(done, all);
    let space = evaluate::space_of(&settings.persons(), &dogs);
    let twins =
        twins::plant::<Failure>(&space, &people, &dogs, extractor, settings.workers, update)?;
    progress.finish();
    let places = Method::Space.catalogue(&space, &dogs.first_measurements());
    let group_of = |person: &str| faces.groups.get(person).copied();
    let of = |folder: &Path, people: &GalleryMeasurements| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        evaluate::collection(&name, &space, people, &places, &group_of)
    };
    let mut collections = vec![of(&command.people, &people)];
    for folder in &command.also {
        let others = gallery(folder)?;
        let others = measured(others, Species::Person, settings, &cache, &[])?;
        collections.push(of(folder, &others));
    }
    let findings = evaluate::evaluate(&space, &people, &dogs, twins, collections);
    let sections = report::sections(&findings);
    print!("{}", report::text(&sections));
    if let Some(folder) = &command.report {
        write_report(folder, &findings, &sections)?;
        println!("\nreport: {}", folder.join("index.html").display());
    }
    Ok(ExitCode::SUCCESS)
}

/// What descriptors tell of the persons of an evaluation; the descriptors themselves are gone.
#[derive(Default)]
struct Faces {
    /// Pictures that may be counted, if any were described.
    known_to_count: Option<HashSet<PathBuf>>,
    /// The group of each person who look alike.
    groups: BTreeMap<String, usize>,
}

impl Faces {
    /// Describes all collections, if the command asks for what only descriptors tell.
    fn describe(
        command: &args::Evaluate,
        settings: &Settings,
        cache: &Cache,
    ) -> Result<Self, Failure> {
        if command.fitted_on.is_empty() && command.groups == 0 {
            return Ok(Self::default());
        }
        let describe = |folder: &PathBuf| described(folder, command.recordings, settings, cache);
        let mut fitted = Vec::new();
        for folder in &command.fitted_on {
            fitted.extend(describe(folder)?);
        }
        let (mut counted, mut groups) = (HashSet::new(), BTreeMap::new());
        for folder in std::iter::once(&command.people).chain(&command.also) {
            let own_fit = command.fitted_on.contains(folder);
            let all = without_repeated_pictures(describe(folder)?);
            let kept = if own_fit { all } else { without_persons_of(all, &fitted) };
            if command.groups > 0 {
                groups.extend(clusters(&kept, command.groups));
            }
            counted.extend(kept.into_iter().map(|photo| photo.picture.path));
        }
        Ok(Self { known_to_count: Some(counted), groups })
    }

    /// The gallery without the pictures that must not be counted.
    fn without_known(&self, mut gallery: Gallery) -> Gallery {
        if let Some(counted) = &self.known_to_count {
            gallery.pictures.retain(|picture| counted.contains(&picture.path));
        }
        gallery
    }
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
