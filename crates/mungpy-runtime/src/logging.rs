//! Log lines on standard error; the environment variable `MUNGPY_LOG` filters them.

use std::{
    env,
    io::{self, IsTerminal},
};

use tracing_subscriber::EnvFilter;

/// Format of the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people, in colour on a terminal unless `NO_COLOR` is set.
    Text,
    /// One JSON object per line.
    Json,
}

/// Starts logging for the whole process. `default` is the filter, e.g. `info`, unless `MUNGPY_LOG`
/// sets another.
pub fn start(default: &str, format: Format) {
    let filter = EnvFilter::try_from_env("MUNGPY_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none());
    match format {
        Format::Text => lines.init(),
        Format::Json => lines.json().init(),
    }
}
