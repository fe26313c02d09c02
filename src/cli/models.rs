//! `mungpy models`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use mungpy_core::reason::{Reason, WithReason};
use mungpy_runtime::output;

use super::{
    Failure,
    args::{Models, ModelsAction},
};
use crate::{
    files::{self, MAX_MODEL_BYTES},
    settings::Settings,
    vision::{Delivery, ModelEntry},
};

/// Largest download, in bytes.
const MAX_DOWNLOAD: u64 = 64 * 1024 * 1024;

pub(super) fn run(command: &Models, settings: &Settings) -> Result<ExitCode, Failure> {
    match &command.action {
        ModelsAction::Verify => verify(settings),
        ModelsAction::Fetch { from, to } => fetch(settings, from, to),
    }
}

/// A missing third-party model is an error only if it is chosen.
fn verify(settings: &Settings) -> Result<ExitCode, Failure> {
    let mut sound = true;
    for entry in settings.models.entries() {
        let needed = entry.delivery == Delivery::Shipped || settings.models.uses(entry);
        output::line(match settings.models.verify(entry) {
            Ok(model) => format!("ok       {}  {}", model.entry.version(), model.path.display()),
            Err(error) if !needed && error.reason() == Reason::ModelMissing => {
                format!("absent   {}  not needed: the project's own is chosen", entry.version())
            }
            Err(error) => {
                sound = false;
                format!("failed   {}  {error} [{}]", entry.version(), error.reason())
            }
        })?;
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn fetch(settings: &Settings, from: &str, to: &Path) -> Result<ExitCode, Failure> {
    fs::create_dir_all(to).map_err(|error| Failure::file(to, &error))?;
    let downloads = settings.models.entries().iter().filter(|e| e.delivery == Delivery::Download);
    for entry in downloads {
        let (bytes, source) = read(entry, from)?;
        entry.check(&bytes, &source)?;
        let target = to.join(&entry.file);
        // Write next to the target first, so an interrupted fetch leaves no partial model.
        let partial = to.join(format!("{}.partial", entry.file));
        fs::write(&partial, &bytes)
            .and_then(|()| fs::rename(&partial, &target))
            .map_err(|error| Failure::file(&target, &error))?;
        output::line(format_args!("fetched  {}  {}", entry.version(), target.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a model file; returns its content and where it came from.
fn read(entry: &ModelEntry, from: &str) -> Result<(Vec<u8>, PathBuf), Failure> {
    if !from.starts_with("http://") && !from.starts_with("https://") {
        let path = Path::new(from).join(&entry.file);
        let bytes =
            files::read(&path, MAX_MODEL_BYTES).map_err(|error| Failure::file(&path, &error))?;
        return Ok((bytes, path));
    }
    let address = format!("{}/{}", from.trim_end_matches('/'), entry.file);
    let bytes = ureq::get(&address)
        .call()
        .and_then(|mut answer| answer.body_mut().with_config().limit(MAX_DOWNLOAD).read_to_vec())
        .map_err(|error| Failure::new(Reason::FetchFailed, format!("{address}: {error}")))?;
    Ok((bytes, PathBuf::from(address)))
}
