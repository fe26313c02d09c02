//! `mungpy batch`.

use std::process::ExitCode;

use super::{Failure, args, progress::Progress, settings::Settings};
use crate::{batch::Batch, extract::Extractor, face::Species};

pub(super) fn run(command: &args::Batch, settings: &Settings) -> Result<ExitCode, Failure> {
    let extractor = Extractor::load(Species::Dog, &settings.models)?;
    let batch = Batch {
        source: &command.source,
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
