//! The `mungpy` command: arguments, and one file per command.

mod args;
mod batch;
mod catalogue;
mod config;
mod extract;
mod lab;
mod match_;
mod models;
mod serve;

use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use mungpy_runtime::{failure::Failure, logging::ExtraLayer, output};
use mungpy_telemetry::trace::{self, TraceExport};

use crate::{
    settings::{Layers, Settings},
    vision,
};
use args::{Args, Command};

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let matches = Args::command().get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    dispatch(&args, &matches).unwrap_or_else(|failure| {
        output::complain("mungpy", &failure);
        failure.exit_code()
    })
}

fn dispatch(args: &Args, matches: &ArgMatches) -> Result<ExitCode, Failure> {
    if let Command::Evaluate(_) | Command::Population(_) = &args.command {
        return lab::run();
    }
    let (batch, serve) = match &args.command {
        Command::Batch(command) => (Some(&command.options), None),
        Command::Serve(command) => (None, Some(&command.options)),
        _ => (None, None),
    };
    let layers = Layers::new(args.config.as_deref(), &args.common, batch, serve, matches)?;
    if let Command::Config(command) = &args.command {
        return config::run(command, &layers).map(|()| ExitCode::SUCCESS);
    }
    let settings = Settings::resolve(&layers)?;
    let stays = match &args.command {
        Command::Serve(_) => true,
        Command::Batch(command) => command.daemon,
        _ => false,
    };
    let (_traces, spans) = traces(&layers, &args.command)?;
    let log = layers.start_logging(if stays { "info" } else { "warn" }, spans);
    vision::prepare_process();
    if let Some(gpu) = settings.gpu {
        vision::choose_gpu(gpu)?;
    }
    match &args.command {
        Command::Extract(command) => extract::run(command, &settings),
        Command::Batch(command) => batch::run(command, &layers, &settings),
        Command::Catalogue(command) => catalogue::run(command, &layers, &settings),
        Command::Match(command) => match_::run(command, &settings),
        Command::Serve(_) => serve::run(&layers, &settings, reread(args, matches), log.filter()),
        Command::Models(command) => models::run(command, &settings),
        Command::Config(_) | Command::Evaluate(_) | Command::Population(_) => {
            unreachable!("these have returned above")
        }
    }
}

/// Exports the traces of a server, if its settings name a collector.
fn traces(
    layers: &Layers,
    command: &Command,
) -> Result<(Option<TraceExport>, Option<ExtraLayer>), Failure> {
    match (&layers.serve.otlp, command) {
        (Some(collector), Command::Serve(_)) => {
            let version = env!("CARGO_PKG_VERSION");
            let (export, spans) = trace::start_export(collector.expose(), "mungpy", version)?;
            Ok((Some(export), Some(spans)))
        }
        _ => Ok((None, None)),
    }
}

/// Reads the settings again, as the command line of this process names them.
fn reread(args: &Args, matches: &ArgMatches) -> serve::Reread {
    let (config, common, matches) = (args.config.clone(), args.common.clone(), matches.clone());
    let options = match &args.command {
        Command::Serve(command) => Some(command.options.clone()),
        _ => None,
    };
    Box::new(move || {
        let layers = Layers::new(config.as_deref(), &common, None, options.as_ref(), &matches);
        layers.map_err(|error| error.to_string())
    })
}
