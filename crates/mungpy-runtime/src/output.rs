//! Lines on standard output and standard error that survive a closed pipe.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
};

use crate::failure::Failure;

/// Writes one line to standard output.
///
/// # Errors
/// Standard output cannot be written. If its reader has gone, as `head` does, the failure is
/// [quiet](Failure::is_quiet).
pub fn line(text: impl fmt::Display) -> Result<(), Failure> {
    writeln!(io::stdout(), "{text}").map_err(|error| Failure::output(&error))
}

/// Says why a program failed. A standard error that is closed or full is no reason to panic.
pub fn complain(program: &str, failure: &Failure) {
    if !failure.is_quiet() {
        let _ = writeln!(io::stderr(), "{program}: {failure}");
    }
}

/// Whether the reader of a pipe has gone.
pub(crate) fn reader_gone(error: &io::Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe
}
