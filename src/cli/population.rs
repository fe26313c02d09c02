//! `mungpy population`: the shipped statistics are made with it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{Failure, args, progress::Progress, settings::Settings};
use crate::{
    catalog::{photos_in, sorted_entries},
    extract::{self, ExtractError, Extractor},
    face::{Measurement, RATIO_COUNT, Species},
    resemblance::{Population, intraclass_correlation},
};

/// A photo and the individual and recording that it shows.
struct Source {
    path: PathBuf,
    individual: PathBuf,
    recording: Option<char>,
}

pub(super) fn run(command: &args::Population, settings: &Settings) -> Result<ExitCode, Failure> {
    let species: Species = command.species.into();
    let extractor = Extractor::load(species, &settings.models)?;
    let version = extractor.version().to_owned();
    let sources = sources(&command.photos)?;
    let mut measured: Vec<Option<Measurement>> = vec![None; sources.len()];
    let mut refused: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut progress = Progress::new("photos");
    let mut done = 0;
    extract::spread(extractor, settings.workers, &sources, measure, |number, result| {
        match result {
            Ok(measurement) => measured[number] = Some(measurement),
            Err(reason) => *refused.entry(reason).or_default() += 1,
        }
        done += 1;
        progress.update(done, sources.len());
        Ok::<_, Failure>(())
    })?;
    progress.finish();
    let all: Vec<Measurement> = measured.iter().flatten().copied().collect();
    let mut population = Population::of(species, &version, &all);
    if command.recordings {
        population.reliability = reliability(&sources, &measured);
    }
    let json = serde_json::to_string_pretty(&population).expect("statistics are plain data");
    fs::write(&command.output, json + "\n")
        .map_err(|error| Failure::file(&command.output, &error))?;
    println!("measured {} of {} photos; refused: {refused:?}", all.len(), sources.len());
    for (index, ratio) in population.ratios.iter().enumerate() {
        let icc =
            population.reliability.get(index).map_or("-".to_owned(), |icc| format!("{icc:.2}"));
        let (mean, deviation) =
            (population.ratio_mean[index], population.ratio_deviations()[index]);
        println!("  {ratio:<26} mean {:.3}  sigma {deviation:.3}  ICC {icc}", mean.exp());
    }
    Ok(ExitCode::SUCCESS)
}

fn sources(root: &Path) -> Result<Vec<Source>, Failure> {
    let mut all = Vec::new();
    let mut add = |photos: Vec<PathBuf>, folder: Option<&Path>| {
        for path in photos {
            let recording = path.file_name().and_then(|name| name.to_string_lossy().chars().next());
            let individual = folder.map_or_else(|| path.clone(), Path::to_owned);
            all.push(Source { path, individual, recording });
        }
    };
    add(photos_in(root)?, None);
    for folder in sorted_entries(root)?.iter().filter(|path| path.is_dir()) {
        add(photos_in(folder)?, Some(folder));
    }
    Ok(all)
}

fn measure(extractor: &mut Extractor, source: &Source) -> Result<Measurement, &'static str> {
    let bytes = fs::read(&source.path).map_err(|_| "PHOTO_UNREADABLE")?;
    let found = extractor.extract(&bytes).map_err(|error| error.reason())?;
    found.check().map_err(|error| ExtractError::from(error).reason())?;
    Ok(found.measurement)
}

/// ICC(1,1) of each ratio between recordings of one individual.
fn reliability(sources: &[Source], measured: &[Option<Measurement>]) -> Vec<f64> {
    type Recordings = BTreeMap<Option<char>, Vec<Measurement>>;
    let mut individuals: BTreeMap<&Path, Recordings> = BTreeMap::new();
    for (source, measurement) in sources.iter().zip(measured) {
        let Some(measurement) = measurement else { continue };
        let recordings = individuals.entry(&source.individual).or_default();
        recordings.entry(source.recording).or_default().push(*measurement);
    }
    let mean = |recording: &Vec<Measurement>, ratio: usize| {
        recording.iter().map(|m| m.log_ratios[ratio]).sum::<f64>() / recording.len() as f64
    };
    (0..RATIO_COUNT)
        .map(|ratio| {
            let groups: Vec<Vec<f64>> = individuals
                .values()
                .map(|recordings| recordings.values().map(|r| mean(r, ratio)).collect())
                .collect();
            intraclass_correlation(&groups).unwrap_or(0.0).max(0.0)
        })
        .collect()
}
