//! Why a command failed: a message for people with the reason code behind it.

use std::{borrow::Cow, fmt, io, path::Path};

use crate::{
    batch::BatchError, catalog::CatalogError, catalog::SourceError, evaluate::CacheError,
    extract::ExtractError, matching::MatchError, photo::PhotoError, service::ServeError,
    temperament::TemperamentError, vision::VisionError,
};

/// Why a command failed.
#[derive(Debug)]
pub(super) struct Failure {
    reason: Cow<'static, str>,
    message: String,
}

impl Failure {
    pub(super) fn new(reason: &'static str, message: impl fmt::Display) -> Self {
        Self { reason: reason.into(), message: message.to_string() }
    }

    /// What a server answered; without a reason the fault is the transport's.
    pub(super) fn from_server(reason: Option<String>, message: &str) -> Self {
        let reason = reason.map_or("SERVER_FAILED".into(), Cow::from);
        Self { reason, message: message.to_owned() }
    }

    /// A file that the user named cannot be read or written.
    pub(super) fn file(path: &Path, error: &io::Error) -> Self {
        Self::new("FILE_UNUSABLE", format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.reason)
    }
}

macro_rules! from_errors {
    ($($error:ty),*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error.reason(), &error)
            }
        })*
    };
}

from_errors!(
    BatchError,
    CacheError,
    CatalogError,
    ExtractError,
    MatchError,
    PhotoError,
    SourceError,
    TemperamentError,
    VisionError
);

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        Self::new("SERVER_FAILED", error)
    }
}
