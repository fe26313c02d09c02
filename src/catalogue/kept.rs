//! What lies beside the published catalogue: older ones that are kept, and what killed batches left.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use super::{
    Catalogue, CatalogueError,
    published::{MAGIC, PARTIAL},
};

/// End of the name of a kept catalogue, after its version.
const ENDING: &str = ".mungpy";
/// Begin of the name of a note on a run that is being written.
pub(crate) const PARTIAL_RUN: &str = ".run-";

/// Keeps the published catalogue, if a sound one is current, in a folder under its version, before another takes its place, and
/// removes the oldest ones.
pub(super) fn keep_published(
    published: &Path,
    current: Option<u64>,
    folder: &Path,
    kept: usize,
) -> Result<(), CatalogueError> {
    if let Some(current) = current.filter(|_| kept > 0) {
        fs::create_dir_all(folder).map_err(|error| CatalogueError::io(folder, error))?;
        let path = path_of(folder, current);
        // The published file is never changed, only replaced, so that a link is as good as a copy.
        match fs::hard_link(published, &path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                // Some file systems know no links. Half a copy must not pass for a catalogue.
                let partial = folder.join(format!("{}{}", PARTIAL.0, PARTIAL.1));
                fs::copy(published, &partial)
                    .and_then(|_| fs::rename(&partial, &path))
                    .map_err(|error| CatalogueError::io(&path, error))?;
            }
            _ => {}
        }
    }
    let versions = versions(folder)?;
    for version in &versions[..versions.len().saturating_sub(kept)] {
        let path = path_of(folder, *version);
        fs::remove_file(&path).map_err(|error| CatalogueError::io(&path, error))?;
    }
    Ok(())
}

/// Versions of the catalogues in a folder, oldest first; none if there is no folder.
pub(super) fn versions(folder: &Path) -> Result<Vec<u64>, CatalogueError> {
    let io = |error| CatalogueError::io(folder, error);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(io)?,
    };
    let mut versions = Vec::new();
    for entry in entries {
        let name = entry.map_err(io)?.file_name();
        let version: Option<u64> =
            name.to_str().and_then(|name| name.strip_suffix(ENDING)?.parse().ok());
        versions.extend(version);
    }
    versions.sort_unstable();
    Ok(versions)
}

/// A kept catalogue, or the last one before the current.
pub(super) fn read(
    folder: &Path,
    version: Option<u64>,
    current: u64,
) -> Result<Catalogue, CatalogueError> {
    let versions = versions(folder)?;
    let earlier = versions.iter().copied().rfind(|version| *version < current);
    let wanted = version.or(earlier);
    if let Some(version) = wanted.filter(|version| versions.contains(version)) {
        return Catalogue::read(&path_of(folder, version));
    }
    let list: Vec<String> = versions.iter().map(u64::to_string).collect();
    let kept = if list.is_empty() {
        "no catalogue is".to_owned()
    } else {
        format!("kept are {}", list.join(", "))
    };
    Err(CatalogueError::NotKept { version, kept })
}

fn path_of(folder: &Path, version: u64) -> PathBuf {
    folder.join(format!("{version}{ENDING}"))
}

/// Removes what a killed batch left of a catalogue. No other batch may be publishing.
pub(super) fn remove_partial(directory: &Path) -> Result<(), CatalogueError> {
    let io = |error| CatalogueError::io(directory, error);
    for entry in fs::read_dir(directory).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if is_partial(&path) {
            fs::remove_file(&path).map_err(|error| CatalogueError::io(&path, error))?;
        }
    }
    Ok(())
}

/// Whether a file is a catalogue that was never published. Versions before 0.3 named it `.tmp` and
/// six characters, as other programs name their files as well.
fn is_partial(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    let (prefix, suffix) = PARTIAL;
    let is_older = name.starts_with(".tmp") && name.len() == ".tmp".len() + 6;
    (name.starts_with(prefix) && name.ends_with(suffix))
        || name.starts_with(PARTIAL_RUN)
        || (is_older && path.is_file() && begins_as_catalogue(path))
}

fn begins_as_catalogue(path: &Path) -> bool {
    let mut head = [0; MAGIC.len()];
    File::open(path)
        .and_then(|mut file| file.read(&mut head))
        .is_ok_and(|read| MAGIC.starts_with(&head[..read]))
}
