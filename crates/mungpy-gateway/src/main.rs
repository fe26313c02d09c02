//! The `mungpy-gateway` command: the REST sidecar.

mod args;

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use mungpy_core::reason::Reason;
use mungpy_runtime::{
    failure::Failure,
    logging::{self, Format},
    output, shutdown,
};
use tokio::{net::TcpListener, runtime::Runtime};

use args::Args;

fn main() -> ExitCode {
    let args = Args::parse();
    let _log = logging::start("info", if args.log_json { Format::Json } else { Format::Text });
    match start(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain("mungpy-gateway", &failure);
            failure.exit_code()
        }
    }
}

fn start(args: &Args) -> Result<(), Failure> {
    let runtime = Runtime::new().map_err(|error| Failure::new(Reason::ServerFailed, error))?;
    let served = runtime.block_on(run(args));
    // The resolver of host names may still be at work.
    runtime.shutdown_timeout(Duration::from_millis(100));
    served
}

async fn run(args: &Args) -> Result<(), Failure> {
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::new(Reason::AddressUnusable, format!("cannot listen on {}: {error}", args.listen))
    })?;
    let failed = |error| Failure::new(Reason::ServerFailed, error);
    let stop = shutdown::requested().map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    tracing::info!(%address, upstream = args.upstream, "mungpy-gateway serves HTTP");
    mungpy_gateway::serve_within(args.limits(), listener, &args.upstream, stop).await?;
    Ok(())
}
