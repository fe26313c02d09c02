//! Why the gRPC server failed to start or stopped.

use mungpy_core::reason::{Reason, WithReason};

/// Why the server failed to start or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The descriptors built into this program are damaged.
    #[error("server reflection failed: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

impl WithReason for ServeError {
    fn reason(&self) -> Reason {
        Reason::ServerFailed
    }
}
