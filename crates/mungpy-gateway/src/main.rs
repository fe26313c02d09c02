//! The `mungpy-gateway` command: the REST sidecar.

mod args;

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use mungpy_core::reason::Reason;
use mungpy_gateway::Tls;
use mungpy_runtime::{
    failure::Failure,
    logging::{self, Format},
    output, shutdown,
};
use mungpy_telemetry::trace;
use tokio::{net::TcpListener, runtime::Runtime};

use args::Args;

fn main() -> ExitCode {
    let args = Args::parse();
    match traced(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain("mungpy-gateway", &failure);
            failure.exit_code()
        }
    }
}

/// Runs with a log, and with traces if there is a collector.
fn traced(args: &Args) -> Result<(), Failure> {
    let export = args
        .otlp
        .as_deref()
        .map(|url| trace::start_export(url, "mungpy-gateway", env!("CARGO_PKG_VERSION")));
    let (_export, spans) = export.transpose()?.unzip();
    let format = if args.log_json { Format::Json } else { Format::Text };
    let _log = logging::start_with(None, "info", format, spans);
    start(args)
}

fn start(args: &Args) -> Result<(), Failure> {
    let runtime = Runtime::new().map_err(|error| Failure::new(Reason::ServerFailed, error))?;
    let served = runtime.block_on(run(args));
    // The resolver of host names may still be at work.
    runtime.shutdown_timeout(Duration::from_millis(100));
    served
}

async fn run(args: &Args) -> Result<(), Failure> {
    let settings = args.settings()?;
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::new(Reason::AddressUnusable, format!("cannot listen on {}: {error}", args.listen))
    })?;
    let failed = |error| Failure::new(Reason::ServerFailed, error);
    let stop = shutdown::requested().map_err(failed)?;
    let tls = settings.tls.clone();
    tokio::spawn(shutdown::hung_up(move || reload(tls.as_ref())).map_err(failed)?);
    let address = listener.local_addr().map_err(failed)?;
    let places: Vec<String> = args.upstream.iter().map(|url| mungpy_gateway::place(url)).collect();
    tracing::info!(%address, upstream = places.join(" "), "mungpy-gateway serves HTTP");
    mungpy_gateway::serve_with(settings, listener, stop).await?;
    Ok(())
}

/// Loads the certificate again. The signal would end the process by default.
fn reload(tls: Option<&Tls>) {
    match tls.map(Tls::reload) {
        None => tracing::info!("there is no certificate to load again"),
        Some(Ok(())) => tracing::info!("certificate loaded again"),
        Some(Err(error)) => tracing::error!(%error, "the old certificate stays in use"),
    }
}
