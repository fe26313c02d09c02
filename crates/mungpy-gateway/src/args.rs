//! The command-line arguments. Doc comments here are the help texts.
#![allow(clippy::doc_markdown)]

use std::{
    env,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use axum::http::HeaderValue;
use clap::Parser;
use ipnet::IpNet;
use mungpy_gateway::{GatewayError, Secret, Settings, Tls};
use mungpy_runtime::files;
use mungpy_transport::{Limits, MIB};

/// Largest file of a token or certificates, in bytes.
const MAX_FILE: u64 = 1024 * 1024;
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
    /// Addresses of gRPC servers, separated by commas; a name that has several addresses stands for
    /// one server at each
    #[arg(
        long,
        default_value = "http://127.0.0.1:50051",
        value_name = "URL",
        value_delimiter = ',',
        env = "MUNGPY_UPSTREAM"
    )]
    pub(super) upstream: Vec<String>,
    /// File with the token that the gRPC servers ask for; MUNGPY_UPSTREAM_TOKEN holds the token
    /// itself
    #[arg(long, value_name = "FILE")]
    upstream_token: Option<PathBuf>,
    /// PEM file of the authority that the certificates of the gRPC servers must be signed by; that
    /// of the system if absent
    #[arg(long, value_name = "FILE", env = "MUNGPY_UPSTREAM_CA")]
    upstream_ca: Option<PathBuf>,
    /// Origin whose pages may ask, like https://example.org; several separated by commas, * for all
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',', env = "MUNGPY_CORS")]
    cors: Vec<HeaderValue>,
    /// Proxy whose word on a caller's address counts, as an address or a network; several separated
    /// by commas
    #[arg(
        long,
        value_name = "CIDR",
        value_delimiter = ',',
        value_parser = network,
        env = "MUNGPY_TRUSTED_PROXY"
    )]
    trusted_proxy: Vec<IpNet>,
    /// Also answer POST /dog as the system before this one did
    #[arg(long, env = "MUNGPY_COMPAT")]
    compat: bool,
    /// File with the token of the operators' page, which is off without one; MUNGPY_OPS_TOKEN holds
    /// the token itself
    #[arg(long, value_name = "FILE")]
    ops_token: Option<PathBuf>,
    /// Certificate of the gateway with the chain after it, PEM; plain text without one
    #[arg(long, value_name = "FILE", requires = "tls_key", env = "MUNGPY_GATEWAY_TLS_CERT")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert", env = "MUNGPY_GATEWAY_TLS_KEY")]
    tls_key: Option<PathBuf>,
    /// Requests a second that each caller may send, without bound if absent; more are refused with
    /// RATE_LIMITED
    #[arg(long, value_name = "N", env = "MUNGPY_GATEWAY_RATE_LIMIT")]
    rate_limit: Option<NonZeroU32>,
    /// Requests under way at a time; more are refused with OVERLOADED
    #[arg(long, default_value_t = Settings::REQUESTS, value_name = "N", env = "MUNGPY_GATEWAY_MAX_REQUESTS")]
    max_requests: usize,
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
    /// Collector that traces are sent to by OTLP over HTTP, e.g. http://localhost:4318
    #[arg(long, value_name = "URL", env = "MUNGPY_OTLP", hide_env_values = true)]
    pub(super) otlp: Option<String>,
    /// Write log lines as JSON, one object per line
    #[arg(long, env = "MUNGPY_LOG_JSON")]
    pub(super) log_json: bool,
}

impl Args {
    /// How the gateway is to run.
    pub(super) fn settings(&self) -> Result<Settings, GatewayError> {
        let ca = self.upstream_ca.as_deref().map(read).transpose()?;
        Ok(Settings {
            limits: self.limits(),
            requests: self.max_requests.max(1),
            rate_limit: self.rate_limit,
            tls: self.tls()?,
            upstream: self.upstream.clone(),
            upstream_ca: ca.map(String::into_bytes),
            upstream_token: token(self.upstream_token.as_deref(), "MUNGPY_UPSTREAM_TOKEN")?,
            cors: self.cors.clone(),
            trusted_proxies: self.trusted_proxy.clone(),
            compat: self.compat,
            ops_token: token(self.ops_token.as_deref(), "MUNGPY_OPS_TOKEN")?,
        })
    }

    fn tls(&self) -> Result<Option<Tls>, GatewayError> {
        let pair = self.tls_cert.as_deref().zip(self.tls_key.as_deref());
        Ok(pair.map(|(certificate, key)| Tls::load(certificate, key, None)).transpose()?)
    }

    /// What callers may use of the gateway.
    fn limits(&self) -> Limits {
        Limits {
            connections: self.max_connections.max(1),
            body_memory: self.body_memory.saturating_mul(MIB),
            receive_timeout: Limits::seconds(self.receive_timeout),
            idle_timeout: Limits::seconds(self.idle_timeout),
            grace: Limits::seconds(self.grace),
        }
    }
}

/// A token of a file, or else of a variable of the environment.
fn token(path: Option<&Path>, variable: &str) -> Result<Option<Secret>, GatewayError> {
    if let Some(path) = path {
        return Ok(Some(Secret::load(path)?));
    }
    let token = env::var_os(variable).unwrap_or_default();
    let token = token.to_string_lossy();
    let given = Some(token.trim()).filter(|token| !token.is_empty());
    Ok(given.map(|token| Secret::checked(token, variable)).transpose()?)
}

fn read(path: &Path) -> Result<String, GatewayError> {
    files::read_text(path, MAX_FILE)
        .map_err(|source| GatewayError::File { path: path.to_owned(), source })
}

fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| "write it like 10.0.0.0/8".to_owned())
}
