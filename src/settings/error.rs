//! Why a setting was refused.

use std::{io, path::PathBuf};

use mungpy_core::{
    reason::{Reason, WithReason},
    temperament::TemperamentError,
};

/// Why a setting was refused.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file that a setting names cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The configuration file has a key or value that is not understood.
    #[error("{}: {detail}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line and fault.
        detail: String,
    },
    /// The policy is none of the known ones.
    #[error("policy {policy:?} is not understood; write best(10) or at_least(4)")]
    Policy {
        /// As it was given.
        policy: String,
    },
    /// A required setting is absent.
    #[error(
        "{what} is not set; name it with {argument}, {variable} or {key} in the configuration file"
    )]
    Missing {
        /// What it is.
        what: &'static str,
        /// The argument.
        argument: &'static str,
        /// The environment variable.
        variable: &'static str,
        /// The key of the file.
        key: &'static str,
    },
    /// The questionnaire file is not understood.
    #[error(transparent)]
    Temperament(#[from] TemperamentError),
}

impl WithReason for SettingsError {
    fn reason(&self) -> Reason {
        match self {
            Self::Unreadable { .. } => Reason::FileUnusable,
            Self::Malformed { .. } | Self::Policy { .. } | Self::Missing { .. } => {
                Reason::ConfigInvalid
            }
            Self::Temperament(error) => error.reason(),
        }
    }
}
