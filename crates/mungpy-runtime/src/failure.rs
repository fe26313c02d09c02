//! Why a program failed: a message for people with the reason code behind it.

use std::{borrow::Cow, fmt, io, path::Path};

use mungpy_core::reason::{Reason, WithReason};

/// Why a program failed. Any error that has a reason becomes one.
#[derive(Debug)]
pub struct Failure {
    code: Cow<'static, str>,
    message: String,
}

impl Failure {
    /// A failure with its reason and what it tells the user.
    pub fn new(reason: Reason, message: impl fmt::Display) -> Self {
        Self { code: reason.code().into(), message: message.to_string() }
    }

    /// What a server answered. Its reason may be newer than this program; without one the
    /// transport is at fault.
    pub fn from_server(code: Option<String>, message: &str) -> Self {
        let code = code.map_or(Reason::ServerFailed.code().into(), Cow::from);
        Self { code, message: message.to_owned() }
    }

    /// A file that the user named cannot be read or written.
    pub fn file(path: &Path, error: &io::Error) -> Self {
        Self::new(Reason::FileUnusable, format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.code)
    }
}

impl<E: WithReason> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(error.reason(), &error)
    }
}
