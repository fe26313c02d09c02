//! `mungpy batch`.

use std::{path::Path, process::ExitCode};

use mungpy_core::face::Species;
use mungpy_runtime::output;
use mungpy_source::{DogSource, FolderSource};

use super::{Failure, args};
use crate::{
    batch::Batch,
    extract::Extractor,
    progress::Progress,
    settings::{BatchOptions, Layers, Secret, Settings, SettingsError},
};

pub(super) fn run(
    command: &args::Batch,
    layers: &Layers,
    settings: &Settings,
) -> Result<ExitCode, Failure> {
    let source = source(&layers.batch)?;
    let extractor = Extractor::load(Species::Dog, &settings.models)?;
    let batch = Batch {
        source: source.as_ref(),
        data_dir: &settings.data_dir,
        questionnaire: &settings.questionnaire,
        workers: settings.batches(),
        allow_empty: command.allow_empty,
        max_loss: layers.max_loss(),
    };
    let mut progress = Progress::new("dogs");
    let report = batch.run(extractor, |done, all| progress.update(done, all))?;
    progress.finish();
    if command.json {
        output::line(serde_json::to_string(&report).expect("a report is plain data"))?;
    } else {
        for refusal in &report.refusals {
            output::line(format_args!("rejected {refusal}"))?;
        }
        output::line(&report)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn source(options: &BatchOptions) -> Result<Box<dyn DogSource>, Failure> {
    let folder = options.source.as_deref().ok_or(SettingsError::Missing {
        what: "the folder of dogs",
        argument: "--source",
        variable: "MUNGPY_SOURCE",
        key: "source under [batch]",
    })?;
    match &options.database {
        Some(url) => database(url, options.query.as_deref(), folder),
        None => Ok(Box::new(FolderSource::new(folder))),
    }
}

#[cfg(feature = "postgres")]
fn database(
    url: &Secret,
    query: Option<&str>,
    photos: &Path,
) -> Result<Box<dyn DogSource>, Failure> {
    use mungpy_source::PostgresSource;

    let query = query.unwrap_or(PostgresSource::QUERY);
    Ok(Box::new(PostgresSource::new(url.expose(), query, photos)?))
}

#[cfg(not(feature = "postgres"))]
fn database(_: &Secret, _: Option<&str>, _: &Path) -> Result<Box<dyn DogSource>, Failure> {
    let message = "this build reads no databases; build it with --features postgres";
    Err(Failure::new(mungpy_core::reason::Reason::FeatureMissing, message))
}
