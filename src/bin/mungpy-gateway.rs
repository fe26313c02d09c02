//! The `mungpy-gateway` command: the REST sidecar.

use std::{io::IsTerminal, net::SocketAddr, process::ExitCode};

use clap::Parser;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

/// Passes REST requests on to the mungpy gRPC server.
#[derive(Debug, Parser)]
#[command(name = "mungpy-gateway", version, about)]
struct Args {
    /// Address and port to listen on; port 0 takes a free one
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
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_env("MUNGPY_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .init();
    match run(&args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mungpy-gateway: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", args.listen))?;
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    tracing::info!(address = %listener.local_addr()?, upstream = args.upstream, "mungpy-gateway serves HTTP");
    mungpy::gateway::serve(listener, &args.upstream, stop).await?;
    Ok(())
}
