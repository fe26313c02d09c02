//! Why a setting was refused.

use std::{io, path::PathBuf};

use mungpy_core::{
    reason::{Reason, WithReason},
    temperament::TemperamentError,
};

/// Why a setting was refused.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file named by a setting cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's message.
        source: io::Error,
    },
    /// The configuration file has an invalid key or value.
    #[error("{}: {detail}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line and what is wrong with it.
        detail: String,
    },
    /// A variable of the environment has an invalid value.
    #[error("{}", detail.trim_start_matches("error: ").lines().next().unwrap_or_default())]
    Environment {
        /// Which one, and what is wrong.
        detail: String,
    },
    /// The policy is unknown.
    #[error("policy {policy:?} is not understood; write best(10) or at_least(4)")]
    Policy {
        /// The policy as given.
        policy: String,
    },
    /// A required setting is absent.
    #[error(
        "{what} is not set; name it with {argument}, {variable} or {key} in the configuration file"
    )]
    Missing {
        /// What the setting is for.
        what: &'static str,
        /// The argument.
        argument: &'static str,
        /// The environment variable.
        variable: &'static str,
        /// The key in the file.
        key: &'static str,
    },
    /// The questionnaire file is invalid.
    #[error(transparent)]
    Temperament(#[from] TemperamentError),
}

impl WithReason for SettingsError {
    fn reason(&self) -> Reason {
        match self {
            Self::Unreadable { .. } => Reason::FileUnusable,
            Self::Malformed { .. }
            | Self::Environment { .. }
            | Self::Policy { .. }
            | Self::Missing { .. } => Reason::ConfigInvalid,
            Self::Temperament(error) => error.reason(),
        }
    }
}
