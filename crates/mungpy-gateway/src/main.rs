//! The `mungpy-gateway` command: the REST sidecar.

use std::{net::SocketAddr, process::ExitCode};

use clap::Parser;
use mungpy_core::reason::Reason;
use mungpy_runtime::{
    failure::Failure,
    logging::{self, Format},
    shutdown,
};
use tokio::net::TcpListener;

/// Forwards REST requests to the mungpy gRPC server
#[derive(Debug, Parser)]
#[command(name = "mungpy-gateway", version, about)]
struct Args {
    /// Address and port to listen on; port 0 picks a free one
    #[arg(
        long,
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS",
        env = "MUNGPY_GATEWAY_LISTEN"
    )]
    listen: SocketAddr,
    /// Address of the gRPC server
    #[arg(
        long,
        default_value = "http://127.0.0.1:50051",
        value_name = "URL",
        env = "MUNGPY_UPSTREAM"
    )]
    upstream: String,
    /// Write log lines as JSON, one object per line
    #[arg(long, env = "MUNGPY_LOG_JSON")]
    log_json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    logging::start("info", if args.log_json { Format::Json } else { Format::Text });
    match run(&args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("mungpy-gateway: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<(), Failure> {
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::new(Reason::AddressUnusable, format!("cannot listen on {}: {error}", args.listen))
    })?;
    let failed = |error| Failure::new(Reason::ServerFailed, error);
    let stop = shutdown::requested().map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    tracing::info!(%address, upstream = args.upstream, "mungpy-gateway serves HTTP");
    mungpy_gateway::serve(listener, &args.upstream, stop).await?;
    Ok(())
}
