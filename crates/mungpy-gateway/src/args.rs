//! The command-line arguments. Doc comments here are the help texts.
#![allow(clippy::doc_markdown)]

use std::net::SocketAddr;

use clap::Parser;
use mungpy_transport::{Limits, MIB};

const DEFAULT: Limits = Limits::DEFAULT;

/// Forwards REST requests to the mungpy gRPC server
#[derive(Debug, Parser)]
#[command(name = "mungpy-gateway", version, about)]
pub(super) struct Args {
    /// Address and port to listen on; port 0 picks a free one
    #[arg(
        long,
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS",
        env = "MUNGPY_GATEWAY_LISTEN"
    )]
    pub(super) listen: SocketAddr,
    /// Address of the gRPC server
    #[arg(
        long,
        default_value = "http://127.0.0.1:50051",
        value_name = "URL",
        env = "MUNGPY_UPSTREAM"
    )]
    pub(super) upstream: String,
    /// Connections at a time; when all are in use, a new one takes the place of the one that has
    /// been idle longest
    #[arg(long, default_value_t = DEFAULT.connections, value_name = "N", env = "MUNGPY_GATEWAY_MAX_CONNECTIONS")]
    max_connections: usize,
    /// Memory for the bodies of all requests in flight, in MiB; a request that finds none left is
    /// refused with OVERLOADED
    #[arg(long, default_value_t = DEFAULT.body_memory / MIB, value_name = "MIB", env = "MUNGPY_GATEWAY_BODY_MEMORY")]
    body_memory: usize,
    /// Seconds that a caller may take to begin a request, and to fall behind 16 KiB a second while
    /// sending it
    #[arg(
        long,
        default_value_t = DEFAULT.receive_timeout.as_secs(),
        value_name = "SECONDS",
        env = "MUNGPY_GATEWAY_RECEIVE_TIMEOUT"
    )]
    receive_timeout: u64,
    /// Seconds after which a connection without a request is closed
    #[arg(
        long,
        default_value_t = DEFAULT.idle_timeout.as_secs(),
        value_name = "SECONDS",
        env = "MUNGPY_GATEWAY_IDLE_TIMEOUT"
    )]
    idle_timeout: u64,
    /// Seconds that requests in flight may take after the signal to stop
    #[arg(long, default_value_t = DEFAULT.grace.as_secs(), value_name = "SECONDS", env = "MUNGPY_GATEWAY_GRACE")]
    grace: u64,
    /// Write log lines as JSON, one object per line
    #[arg(long, env = "MUNGPY_LOG_JSON")]
    pub(super) log_json: bool,
}

impl Args {
    /// What callers may use of the gateway.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            connections: self.max_connections.max(1),
            body_memory: self.body_memory.saturating_mul(MIB),
            receive_timeout: Limits::seconds(self.receive_timeout),
            idle_timeout: Limits::seconds(self.idle_timeout),
            grace: Limits::seconds(self.grace),
        }
    }
}
