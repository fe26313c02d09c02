//! Opens the store's files, whatever a killed batch or a failing disk has left of them.
//!
//! sled reads the newest snapshot and then the log from there on. A process that is killed while
//! sled writes a snapshot leaves a half-written one, which sled then takes for damage. So half a
//! snapshot is removed first. If sled still finds damage, it reads the whole log without
//! snapshots. Only a log that cannot be read is set aside.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::{Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use chrono::Utc;
use sled::{Db, Tree};

use super::CatalogueError;

/// How long to wait for a lock. sled releases its own some time after the store was closed, once
/// its background threads have ended.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// Threads that sled starts, and panics or waits for ever without.
const SLED_THREADS: usize = 10;

const SNAPSHOT: &str = "snap.";
const HALF_WRITTEN: &str = ".generating";
/// Put before the name of a snapshot that sled shall not read.
const UNUSED: &str = "unused-";

/// Takes the lock of a store, a file beside it, which guards the files that sled's own lock does
/// not.
pub(super) fn lock(path: &Path) -> Result<File, CatalogueError> {
    let beside = beside(path, ".lock");
    let io = |error| CatalogueError::io(&beside, error);
    let file =
        File::options().write(true).create(true).truncate(false).open(&beside).map_err(io)?;
    patiently(|| match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(CatalogueError::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(io(error)),
    })?;
    Ok(file)
}

/// Whether somebody holds the lock of a store. Nothing is created for the question.
pub(super) fn is_locked(path: &Path) -> bool {
    let file = File::open(beside(path, ".lock"));
    file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Opens the database and the tree of entries, creating them if necessary.
pub(super) fn open(path: &Path, lock: &File) -> Result<(Db, Tree), CatalogueError> {
    check_threads(path)?;
    remove_half_written(path)?;
    let mut detail = match attempt(path) {
        Attempt::Sound(store) => return Ok(store),
        Attempt::Failed(error) => return Err(error),
        Attempt::Damaged(detail) => detail,
    };
    // sled panics where the disk fails as well; that is no damage.
    check_disk(lock).map_err(|error| CatalogueError::io(path, error))?;
    let hidden = hide_snapshots(path)?;
    if !hidden.is_empty() {
        match attempt(path) {
            Attempt::Sound(store) => {
                tracing::warn!(store = %path.display(), detail, "store mended from its log");
                for snapshot in &hidden {
                    // If it stays, the next batch removes it.
                    let _ = fs::remove_file(snapshot);
                }
                return Ok(store);
            }
            // Neither is damage.
            Attempt::Failed(
                error @ (CatalogueError::Locked { .. } | CatalogueError::DiskFull { .. }),
            ) => return Err(error),
            Attempt::Failed(error) => detail = error.to_string(),
            Attempt::Damaged(without) => detail = without,
        }
    }
    set_aside(path, &detail)?;
    match attempt(path) {
        Attempt::Sound(store) => Ok(store),
        Attempt::Failed(error) => Err(error),
        Attempt::Damaged(detail) => Err(CatalogueError::io(path, io::Error::other(detail))),
    }
}

enum Attempt {
    Sound((Db, Tree)),
    Failed(CatalogueError),
    Damaged(String),
}

/// Opens the store and reads it through. Converts panics into damage, because sled reports some
/// damage as an error and panics on the rest.
fn attempt(path: &Path) -> Attempt {
    let open = || -> Result<(Db, Tree), CatalogueError> {
        let db = patiently(|| sled::open(path).map_err(|error| CatalogueError::sled(path, error)))?;
        let entries = db.open_tree("entries").map_err(|error| CatalogueError::sled(path, error))?;
        for name in db.tree_names() {
            let tree = db.open_tree(name).map_err(|error| CatalogueError::sled(path, error))?;
            for entry in &tree {
                entry.map_err(|error| CatalogueError::sled(path, error))?;
            }
        }
        Ok((db, entries))
    };
    match panic::catch_unwind(AssertUnwindSafe(open)) {
        Ok(Ok(store)) => Attempt::Sound(store),
        Ok(Err(CatalogueError::Store {
            source: error @ (sled::Error::Corruption { .. } | sled::Error::Unsupported(_)),
            ..
        })) => Attempt::Damaged(error.to_string()),
        Ok(Err(error)) => Attempt::Failed(error),
        Err(_) => Attempt::Damaged("sled panicked".to_owned()),
    }
}

/// Retries for a short while if the store is locked.
fn patiently<T>(open: impl Fn() -> Result<T, CatalogueError>) -> Result<T, CatalogueError> {
    let begun = Instant::now();
    loop {
        match open() {
            Err(CatalogueError::Locked { .. }) if begun.elapsed() < LOCK_PATIENCE => {
                thread::sleep(LOCK_PAUSE);
            }
            opened => return opened,
        }
    }
}

/// Refuses to go on where the system grants too few threads.
fn check_threads(path: &Path) -> Result<(), CatalogueError> {
    let (held, release) = mpsc::channel::<()>();
    let release = &Mutex::new(release);
    thread::scope(|scope| {
        let wait = || {
            let waiting = release.lock().map(|release| release.recv());
            drop(waiting);
        };
        let started: Result<Vec<_>, _> =
            (0..SLED_THREADS).map(|_| thread::Builder::new().spawn_scoped(scope, wait)).collect();
        drop(held);
        started.map(drop)
    })
    .map_err(|error| CatalogueError::Threads { path: path.to_owned(), source: error })
}

/// Whether the disk still takes data.
fn check_disk(mut lock: &File) -> io::Result<()> {
    lock.write_all(&[0; 4096])?;
    lock.sync_all()?;
    lock.set_len(0)
}

/// The files of sled's directory whose name begins with `prefix`; none if there is no directory.
fn files_of(path: &Path, prefix: &str) -> Result<Vec<PathBuf>, CatalogueError> {
    let io = |error| CatalogueError::io(path, error);
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(io)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(io)?;
        if entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes()) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn remove_half_written(path: &Path) -> Result<(), CatalogueError> {
    for snapshot in files_of(path, SNAPSHOT)? {
        if snapshot.as_os_str().as_encoded_bytes().ends_with(HALF_WRITTEN.as_bytes()) {
            tracing::warn!(snapshot = %snapshot.display(), "half-written snapshot removed");
            fs::remove_file(&snapshot).map_err(|error| CatalogueError::io(&snapshot, error))?;
        }
    }
    // What an earlier mending was killed over.
    for snapshot in files_of(path, UNUSED)? {
        fs::remove_file(&snapshot).map_err(|error| CatalogueError::io(&snapshot, error))?;
    }
    Ok(())
}

/// Renames the snapshots so that sled does not read them; returns their new paths.
fn hide_snapshots(path: &Path) -> Result<Vec<PathBuf>, CatalogueError> {
    let mut hidden = Vec::new();
    for snapshot in files_of(path, SNAPSHOT)? {
        let name = snapshot.file_name().unwrap_or_default().to_string_lossy();
        let unused = snapshot.with_file_name(format!("{UNUSED}{name}"));
        fs::rename(&snapshot, &unused).map_err(|error| CatalogueError::io(&snapshot, error))?;
        hidden.push(unused);
    }
    Ok(hidden)
}

fn set_aside(path: &Path, detail: &str) -> Result<(), CatalogueError> {
    let mut aside = beside(path, &format!(".damaged-{}", Utc::now().format("%Y%m%dT%H%M%SZ")));
    while aside.exists() {
        aside.as_mut_os_string().push("+");
    }
    tracing::warn!(store = %path.display(), set_aside = %aside.display(), detail, "damaged store set aside");
    fs::rename(path, &aside).map_err(|error| CatalogueError::io(path, error))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
