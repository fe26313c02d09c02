//! The `mungpy-lab` command: arguments, and one file for each command.

mod args;
mod estimator;
mod evaluate;
mod population;

use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use mungpy::{
    settings::{Layers, Settings},
    vision,
};
use mungpy_runtime::failure::Failure;

use args::{Args, Command};

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let matches = Args::command().get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    dispatch(&args, &matches).unwrap_or_else(|failure| {
        eprintln!("mungpy-lab: {failure}");
        ExitCode::FAILURE
    })
}

fn dispatch(args: &Args, matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let layers = Layers::new(args.config.as_deref(), &args.common, None, None, matches)?;
    let settings = Settings::resolve(&layers)?;
    layers.start_logging("warn");
    vision::prepare_process();
    match &args.command {
        Command::Evaluate(command) => evaluate::run(command, &settings),
        Command::Estimator(command) => estimator::run(command, &settings),
        Command::Population(command) => population::run(command, &settings),
    }
}
