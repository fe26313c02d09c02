//! Why a configured source cannot be used.

use std::{io, path::PathBuf};

use mungpy_core::reason::{Reason, WithReason};

/// Why a configured source cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A key has a value that it cannot have.
    #[error("source {name}: {detail}")]
    Invalid {
        /// Name of the source.
        name: String,
        /// What is wrong, and what to do.
        detail: String,
    },
    /// The file with the secret cannot be read.
    #[error("source {name}: key_file {}: {source}", path.display())]
    KeyUnreadable {
        /// Name of the source.
        name: String,
        /// The file.
        path: PathBuf,
        /// The operating system's message.
        source: io::Error,
    },
    /// This build lacks what the source needs.
    #[error("source {name}: this build cannot read databases; build with the feature {feature}")]
    FeatureMissing {
        /// Name of the source.
        name: String,
        /// The feature.
        feature: &'static str,
    },
}

impl WithReason for ConfigError {
    fn reason(&self) -> Reason {
        match self {
            Self::Invalid { .. } => Reason::ConfigInvalid,
            Self::KeyUnreadable { .. } => Reason::FileUnusable,
            Self::FeatureMissing { .. } => Reason::FeatureMissing,
        }
    }
}
