//! The `mungpy-lab` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    mungpy_lab::cli::run()
}
