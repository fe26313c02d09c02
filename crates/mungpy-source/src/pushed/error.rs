//! Why a pushed dog was not taken.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use mungpy_core::reason::{Reason, WithReason};

/// What is wrong with one field of a pushed dog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field, as the contract names it.
    pub field: String,
    /// What is wrong, and what to do.
    pub description: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.description)
    }
}

/// Why a pushed dog was not taken. Nothing of it is kept then.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// It breaks rules of the contract.
    #[error("{}", violations.iter().map(Violation::to_string).collect::<Vec<_>>().join("; "))]
    Invalid {
        /// Each rule that it breaks, at least one.
        violations: Vec<Violation>,
    },
    /// No space is left for it.
    #[error("no space is left for pushed dogs; free some and push the dog again")]
    DiskFull,
    /// There are as many dogs as there may be.
    #[error("{dogs} dogs were pushed, and at most {limit} are kept; delete some")]
    TooManyDogs {
        /// Number of dogs.
        dogs: u64,
        /// Largest number of dogs.
        limit: u64,
    },
    /// The photos of all dogs take as much space as they may.
    #[error(
        "photos of pushed dogs take {bytes} bytes, and at most {limit} are kept; delete some dogs"
    )]
    TooManyBytes {
        /// Bytes of all photos, those of this dog among them.
        bytes: u64,
        /// Largest number of bytes.
        limit: u64,
    },
    /// A file cannot be written.
    #[error("pushed dogs: {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's message.
        source: io::Error,
    },
}

impl WithReason for PushError {
    fn reason(&self) -> Reason {
        match self {
            Self::Invalid { .. } => Reason::PushInvalid,
            Self::DiskFull | Self::TooManyDogs { .. } | Self::TooManyBytes { .. } => {
                Reason::DiskFull
            }
            Self::Io { .. } => Reason::DataDirUnusable,
        }
    }
}

impl PushError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io { path: path.to_owned(), source },
        }
    }
}
