//! What is made of files, and made anew when they change.

use std::{
    error::Error,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use tokio::time::{MissedTickBehavior, interval};

/// Time between two looks at the files.
const INTERVAL: Duration = Duration::from_secs(1);

/// Something that is made of files and can follow their changes.
pub trait Reloadable: Send + Sync {
    /// Looks whether the files have changed, and loads them if they have and have then been left
    /// alone until the next look. What cannot be loaded is logged once and changes nothing.
    fn look(&self);
}

/// Looks at the files every second, for ever.
pub async fn keep_fresh(watched: Vec<Arc<dyn Reloadable>>) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let watched = watched.clone();
        let looked = tokio::task::spawn_blocking(move || {
            for each in &watched {
                each.look();
            }
        });
        if let Err(error) = looked.await {
            tracing::error!(%error, "looking at the files failed");
        }
    }
}

/// Warns if everybody on this machine can read a file that holds a secret.
pub(crate) fn warn_if_public(path: &Path) {
    let mode = fs::metadata(path).map_or(0, |metadata| metadata.mode());
    if mode & 0o004 != 0 {
        tracing::warn!(
            path = %path.display(),
            "everybody can read this file, and it holds a secret: take the permission away (chmod o-r)"
        );
    }
}

/// A value that is made of files.
pub(crate) struct Watched<T, E> {
    what: &'static str,
    files: Vec<PathBuf>,
    load: Box<dyn Fn() -> Result<T, E> + Send + Sync>,
    current: ArcSwap<T>,
    seen: Mutex<Seen>,
}

struct Seen {
    /// The files as they were when they were last loaded, well or not.
    loaded: Vec<Option<Identity>>,
    /// The files as they were at the last look.
    last: Vec<Option<Identity>>,
}

/// What changes when a file is written or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: Option<SystemTime>,
}

impl<T, E: Error> Watched<T, E> {
    /// Loads `what` of its files, and remembers how.
    pub(crate) fn new(
        what: &'static str,
        files: Vec<PathBuf>,
        load: impl Fn() -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Self, E> {
        // Taken first, so that a change while they are loaded is seen at the next look.
        let identities = identities(&files);
        let current = ArcSwap::from_pointee(load()?);
        let seen = Mutex::new(Seen { loaded: identities.clone(), last: identities });
        Ok(Self { what, files, load: Box::new(load), current, seen })
    }

    /// What was last loaded well.
    pub(crate) fn current(&self) -> Arc<T> {
        self.current.load_full()
    }

    /// Loads the files now, changed or not.
    pub(crate) fn reload(&self) -> Result<(), E> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = identities(&self.files);
        seen.last.clone_from(&now);
        seen.loaded = now;
        self.current.store(Arc::new((self.load)()?));
        Ok(())
    }
}

impl<T: Send + Sync, E: Error> Reloadable for Watched<T, E> {
    fn look(&self) {
        let now = identities(&self.files);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let settled = seen.last == now;
        seen.last.clone_from(&now);
        if seen.loaded == now || !settled {
            return;
        }
        seen.loaded = now;
        match (self.load)() {
            Ok(value) => {
                self.current.store(Arc::new(value));
                tracing::info!(what = self.what, "loaded anew: the files have changed");
            }
            Err(error) => {
                let what = self.what;
                tracing::error!(what, %error, "the changed files cannot be used; keeping the old");
            }
        }
    }
}

fn identities(files: &[PathBuf]) -> Vec<Option<Identity>> {
    let identity = |path: &PathBuf| {
        let metadata = fs::metadata(path).ok()?;
        Some(Identity {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
        })
    };
    files.iter().map(identity).collect()
}

#[cfg(test)]
mod tests {
    use std::num::ParseIntError;

    use super::*;

    #[test]
    fn a_changed_file_is_loaded_when_it_is_left_alone_and_a_broken_one_never() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        fs::write(&path, "1").unwrap();
        let read = path.clone();
        let load = move || fs::read_to_string(&read).unwrap_or_default().parse::<u32>();
        let watched: Watched<u32, ParseIntError> =
            Watched::new("number", vec![path.clone()], load).unwrap();
        let looks = |times| (0..times).for_each(|_| watched.look());

        fs::write(&path, "22").unwrap();
        looks(1);
        assert_eq!(*watched.current(), 1);
        looks(1);
        assert_eq!(*watched.current(), 22);

        fs::write(&path, "nonsense").unwrap();
        looks(3);
        assert_eq!(*watched.current(), 22);
        assert!(watched.reload().is_err());
        fs::remove_file(&path).unwrap();
        looks(3);
        assert_eq!(*watched.current(), 22);

        fs::write(&path, "333").unwrap();
        watched.reload().unwrap();
        assert_eq!(*watched.current(), 333);
    }
}
