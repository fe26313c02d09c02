//! Removes the files that no pushed dog needs any more.

use std::{
    collections::HashSet,
    fs, io,
    path::Path,
    time::{Duration, SystemTime},
};

use super::folder::{self, Folder, GONE, NAME_CHARS, PARTIAL, RECORD, Record};

/// How long a photo stays that no dog has any more: the published catalogue may name it until the
/// next batch.
const PHOTOS_STAY: Duration = Duration::from_secs(48 * 3600);
/// How long it is known that a dog was deleted, or how long one is known whose time is over.
const NOTES_STAY: Duration = Duration::from_secs(30 * 24 * 3600);

/// Removes abandoned photos, half-written files, and notes that every batch must have seen.
pub(super) fn sweep(folder: &Folder, now: SystemTime) -> io::Result<()> {
    for name in folder::names(&folder.dogs)? {
        let path = folder.dogs.join(&name);
        let is_over = match (name.ends_with(GONE), name.ends_with(RECORD)) {
            (true, _) => is_older(&path, now, NOTES_STAY),
            (_, true) => is_older(&path, now, NOTES_STAY) && has_long_expired(&path, now),
            _ => name.starts_with(PARTIAL) && is_older(&path, now, PHOTOS_STAY),
        };
        if is_over {
            fs::remove_file(path)?;
        }
    }
    // The photos of a dog stand together, so that each record is read once.
    let mut last: Option<(String, HashSet<String>)> = None;
    for name in folder::names(&folder.photos)? {
        let path = folder.photos.join(&name);
        if !is_older(&path, now, PHOTOS_STAY) {
            continue;
        }
        let Some(dog) = name.get(..NAME_CHARS).filter(|_| !name.starts_with(PARTIAL)) else {
            fs::remove_file(path)?;
            continue;
        };
        if last.as_ref().is_none_or(|(last, _)| last != dog) {
            last = files_of(folder, dog).map(|files| (dog.to_owned(), files));
        }
        // What a record that cannot be read names is not known, so its photos stay.
        if last.as_ref().is_some_and(|(_, files)| !files.contains(&name)) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// The photos that a dog has; `None` if that cannot be told.
fn files_of(folder: &Folder, dog: &str) -> Option<HashSet<String>> {
    match folder::read::<Record>(&folder.dogs.join(format!("{dog}{RECORD}"))) {
        Ok(record) => Some(record.files().map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(HashSet::new()),
        Err(_) => None,
    }
}

fn is_older(path: &Path, now: SystemTime, than: Duration) -> bool {
    let modified = fs::metadata(path).and_then(|file| file.modified());
    modified.is_ok_and(|time| now.duration_since(time).is_ok_and(|age| age > than))
}

fn has_long_expired(path: &Path, now: SystemTime) -> bool {
    let expires_at = folder::read::<Record>(path).ok().and_then(|record| record.expires_at);
    let time = expires_at.map(SystemTime::from);
    time.is_some_and(|time| now.duration_since(time).is_ok_and(|age| age > NOTES_STAY))
}
