//! The `mungpy` command: arguments, settings, and one file for each command.

mod args;
mod batch;
mod evaluate;
mod extract;
mod failure;
mod find;
mod models;
mod population;
mod progress;
mod serve;
mod settings;

use std::process::ExitCode;

use clap::Parser;

use crate::vision;
use args::{Args, Command};
use failure::Failure;
use settings::Settings;

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let args = Args::parse();
    let outcome = Settings::resolve(&args.common).and_then(|settings| {
        settings.start_logging(matches!(args.command, Command::Serve(_)));
        vision::prepare_process();
        match &args.command {
            Command::Extract(command) => extract::run(command, &settings),
            Command::Batch(command) => batch::run(command, &settings),
            Command::Match(command) => find::run(command, &settings),
            Command::Serve(command) => serve::run(command, &settings),
            Command::Models(command) => models::run(command, &settings),
            Command::Evaluate(command) => evaluate::run(command, &settings),
            Command::Population(command) => population::run(command, &settings),
        }
    });
    outcome.unwrap_or_else(|failure| {
        eprintln!("mungpy: {failure}");
        ExitCode::FAILURE
    })
}
