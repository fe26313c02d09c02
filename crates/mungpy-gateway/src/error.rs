//! Why the gateway failed to start or stopped.

use mungpy_core::reason::{Reason, WithReason};

/// Why the gateway failed to start or stopped.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The address of the engine cannot be used.
    #[error("upstream {upstream}: {source}; write it like http://127.0.0.1:50051")]
    Upstream {
        /// The address as given.
        upstream: String,
        /// What is wrong with it.
        source: tonic::transport::Error,
    },
}

impl WithReason for GatewayError {
    fn reason(&self) -> Reason {
        match self {
            Self::Upstream { .. } => Reason::ConfigInvalid,
        }
    }
}
