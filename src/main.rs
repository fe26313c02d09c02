//! The `mungpy` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    mungpy::cli::run()
}
