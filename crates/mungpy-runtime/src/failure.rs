//! Why a program failed: a message for people, followed by the reason code.

use std::{borrow::Cow, fmt, io, path::Path, process::ExitCode};

use mungpy_core::reason::{Reason, WithReason};

use crate::output;

/// Why a program failed. Any error with a reason converts to it.
#[derive(Debug)]
pub struct Failure {
    code: Cow<'static, str>,
    message: String,
    quiet: bool,
}

impl Failure {
    /// Creates a failure from a reason and a message for the user.
    pub fn new(reason: Reason, message: impl fmt::Display) -> Self {
        Self { code: reason.code().into(), message: message.to_string(), quiet: false }
    }

    /// A failure reported by a server, whose reason may be newer than this program. Without a code
    /// the transport is at fault.
    pub fn from_server(code: Option<String>, message: &str) -> Self {
        let code = code.map_or(Reason::ServerFailed.code().into(), Cow::from);
        Self { code, message: message.to_owned(), quiet: false }
    }

    /// Standard output cannot be written.
    pub fn output(error: &io::Error) -> Self {
        let quiet = output::reader_gone(error);
        Self { quiet, ..Self::new(Reason::OutputFailed, error) }
    }

    /// Whether nobody wants to hear of it: the reader of standard output has gone, as `head` does
    /// when it has seen enough.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// The status to exit with.
    pub fn exit_code(&self) -> ExitCode {
        if self.quiet { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// A file named by the user cannot be read or written.
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
