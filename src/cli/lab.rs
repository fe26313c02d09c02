//! `mungpy evaluate` and `mungpy population`, which `mungpy-lab` runs.

use std::{
    env,
    ffi::OsString,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

use mungpy_core::reason::Reason;

use super::Failure;

/// Replaces this process with `mungpy-lab` and passes its arguments on unchanged, because global
/// arguments may precede the command.
pub(super) fn run() -> Result<ExitCode, Failure> {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let beside = env::current_exe().ok().and_then(|own| Some(own.parent()?.join("mungpy-lab")));
    let program = beside.filter(|path| path.is_file()).unwrap_or_else(|| "mungpy-lab".into());
    let error = Command::new(&program).args(arguments).exec();
    let message = format!("this command moved to mungpy-lab: {}: {error}", program.display());
    Err(Failure::new(Reason::ProgramMissing, message))
}
