//! Why a source could not be listed.

use std::{io, path::PathBuf};

use mungpy_core::reason::{Reason, WithReason};

use crate::web::WebError;

/// Why a source of dogs could not be listed.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The folder or a file in it cannot be read.
    #[error("source {}: {source}", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// The operating system's message.
        source: io::Error,
    },
    /// A list of dogs cannot be parsed.
    #[error("source {place}: {detail}")]
    Malformed {
        /// The file or address.
        place: String,
        /// The line and what is wrong with it.
        detail: String,
    },
    /// The database did not answer the query.
    #[error("source {name}: {detail}")]
    Database {
        /// Name of the database.
        name: String,
        /// The database's message.
        detail: String,
    },
    /// The service did not answer with a list.
    #[error("source {name}: {source}")]
    Web {
        /// Name of the source.
        name: String,
        /// What went wrong.
        source: WebError,
    },
    /// None of several sources could be listed; the log says why.
    #[error("none of the {sources} sources could be listed")]
    AllFailed {
        /// How many there are.
        sources: usize,
    },
    /// The service refused the request, as it does for a wrong key or a used-up quota.
    #[error("source {name}: the service refused: {detail}")]
    Refused {
        /// Name of the source.
        name: String,
        /// Code and message of the service.
        detail: String,
    },
}

impl WithReason for SourceError {
    fn reason(&self) -> Reason {
        match self {
            Self::Unreadable { .. } => Reason::SourceUnreadable,
            Self::Malformed { .. } => Reason::SourceMalformed,
            Self::Database { .. } => Reason::SourceDatabaseFailed,
            Self::Web { source, .. } => of_web(source),
            Self::AllFailed { .. } => Reason::SourceUnreachable,
            Self::Refused { .. } => Reason::SourceRefused,
        }
    }
}

/// A service that does not list dogs has other reasons than a photo that cannot be fetched.
fn of_web(error: &WebError) -> Reason {
    match error {
        WebError::AddressRefused { .. } => Reason::AddressRefused,
        WebError::Status { status: 401 | 403 | 429, .. } => Reason::SourceRefused,
        WebError::TooLarge { .. } => Reason::SourceMalformed,
        _ => Reason::SourceUnreachable,
    }
}
