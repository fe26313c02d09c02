//! Why the gateway failed to start or stopped.

use std::path::PathBuf;

use mungpy_core::reason::{Reason, WithReason};
use mungpy_transport::{TlsError, TokensError};

/// Why the gateway failed to start or stopped.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The address of the engine cannot be used.
    #[error("upstream {upstream}: {source}; write it like http://127.0.0.1:50051")]
    Upstream {
        /// The address as given, without a password that it holds.
        upstream: String,
        /// What is wrong with it.
        source: tonic::transport::Error,
    },
    /// No engine is named.
    #[error("no engine is named; name one with --upstream")]
    NoUpstream,
    /// The token for the engines cannot be sent.
    #[error("the token for the engines holds a character that no header carries")]
    TokenUnusable,
    /// A certificate of the gateway cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A token cannot be used.
    #[error(transparent)]
    Token(#[from] TokensError),
    /// A file that an argument names cannot be used.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl WithReason for GatewayError {
    fn reason(&self) -> Reason {
        match self {
            Self::Upstream { .. } | Self::NoUpstream | Self::TokenUnusable => Reason::ConfigInvalid,
            Self::Tls(error) => error.reason(),
            Self::Token(error) => error.reason(),
            Self::File { .. } => Reason::FileUnusable,
        }
    }
}
