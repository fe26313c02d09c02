//! `mungpy batch`.

use std::process::ExitCode;

use super::{Failure, args, progress::Progress, settings::Settings};
use crate::{
    batch::Batch,
    catalog::{DogSource, FolderSource},
    extract::Extractor,
    face::Species,
};

pub(super) fn run(command: &args::Batch, settings: &Settings) -> Result<ExitCode, Failure> {
    let source = source(command)?;
    let extractor = Extractor::load(Species::Dog, &settings.models)?;
    let batch = Batch {
        source: source.as_ref(),
        data_dir: &settings.data_dir,
        questionnaire: &settings.questionnaire,
        workers: settings.workers,
        allow_empty: command.allow_empty,
    };
    let mut progress = Progress::new("dogs");
    let report = batch.run(extractor, |done, all| progress.update(done, all))?;
    progress.finish();
    if command.json {
        println!("{}", serde_json::to_string(&report).expect("a report is plain data"));
    } else {
        for refusal in &report.refusals {
            println!("rejected {}: {} [{}]", refusal.dog_id, refusal.message, refusal.reason);
        }
        println!("{report}");
    }
    Ok(ExitCode::SUCCESS)
}

fn source(command: &args::Batch) -> Result<Box<dyn DogSource>, Failure> {
    match &command.database {
        Some(url) => database(url, command),
        None => Ok(Box::new(FolderSource::new(&command.source))),
    }
}

#[cfg(feature = "postgres")]
fn database(url: &str, command: &args::Batch) -> Result<Box<dyn DogSource>, Failure> {
    use crate::catalog::PostgresSource;

    let query = command.query.as_deref().unwrap_or(PostgresSource::QUERY);
    Ok(Box::new(PostgresSource::new(url, query, &command.source)?))
}

#[cfg(not(feature = "postgres"))]
fn database(_: &str, _: &args::Batch) -> Result<Box<dyn DogSource>, Failure> {
    let message = "this build reads no databases; build it with --features postgres";
    Err(Failure::new("FEATURE_MISSING", message))
}
