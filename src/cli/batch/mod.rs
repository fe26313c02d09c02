//! `mungpy batch`.

mod history;
mod nightly;
mod sources;

use std::process::ExitCode;

use mungpy_core::{face::Species, reason::Reason};
use mungpy_runtime::{output, shutdown};
use mungpy_schedule::Stop;

use super::{
    Failure,
    args::{self, BatchAction},
};
use crate::{
    batch::{Batch, BatchReport, BatchSource, RunOptions},
    extract::{self, Extractor, Workers},
    progress::Progress,
    settings::{Layers, Settings},
};
pub(super) use nightly::Nightly;

pub(super) fn run(
    command: &args::Batch,
    layers: &Layers,
    settings: &Settings,
) -> Result<ExitCode, Failure> {
    if let Some(BatchAction::History { json }) = command.action {
        return history::show(settings, json).map(|()| ExitCode::SUCCESS);
    }
    let stop = stop_on_signal()?;
    if command.daemon {
        let nightly = Nightly::new(layers.clone(), &settings.data_dir, settings.batches())?;
        nightly.run(settings, &stop);
        return Ok(ExitCode::SUCCESS);
    }
    let web = sources::web(layers)?;
    let pushed = sources::Pushed::IfAny;
    let sources = sources::all(layers, &settings.data_dir, &web, pushed)?;
    let batch = Batch {
        sources: &sources,
        data_dir: &settings.data_dir,
        questionnaire: &settings.questionnaire,
        persons: &settings.persons(),
        workers: settings.batches(),
        web: &web,
        options: options(command, layers),
    };
    if command.dry_run {
        let plan = batch.plan(&extract::dog_version(&settings.models))?;
        let json = || serde_json::to_string(&plan).expect("a plan is plain data");
        output::line(if command.json { json() } else { plan.to_string() })?;
        return Ok(ExitCode::SUCCESS);
    }
    let extractor = Extractor::load(Species::Dog, &settings.models)?;
    let mut progress = Progress::new("dogs");
    let report = batch.run(extractor, &stop, |done, all| progress.update(done, all))?;
    progress.finish();
    print(&report, command.json)?;
    Ok(ExitCode::SUCCESS)
}

fn options(command: &args::Batch, layers: &Layers) -> RunOptions {
    RunOptions {
        allow_empty: command.allow_empty || command.allow_removals,
        max_loss: if command.allow_removals { 1.0 } else { layers.max_loss() },
        limit: command.limit,
        force: command.force,
        full: command.full,
        since: command.since,
        kept: layers.kept(),
        fetches: layers.batch.fetches(),
        ..RunOptions::default()
    }
}

fn print(report: &BatchReport, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return output::line(serde_json::to_string(report).expect("a report is plain data"));
    }
    for refusal in &report.refusals {
        output::line(format_args!("rejected {refusal}"))?;
    }
    output::line(report)
}

/// A handle that SIGTERM and Ctrl-C stop, and that SIGUSR1 asks for a run at once.
fn stop_on_signal() -> Result<Stop, Failure> {
    let stop = Stop::new();
    let (on_stop, on_wake) = (stop.clone(), stop.wake());
    let listening = shutdown::listen(move || on_stop.request(), move || on_wake.request());
    listening.map_err(|error| Failure::new(Reason::MemoryShort, error))?;
    Ok(stop)
}
