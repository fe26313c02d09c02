//! The current snapshot, and the watch for a newer catalogue.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use mungpy_core::{reason::WithReason, resemblance::Population, temperament::Questionnaire};

use crate::{
    catalogue::{Catalogue, CatalogueError},
    matching::Snapshot,
};

/// How often to check for a new catalogue, and to try again where the system was at fault.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// Checks between two attempts to load content that was refused and did not change since.
const REFUSED_CHECKS: u32 = 30;

/// Holds the current snapshot. Readers take it without waiting; a new catalogue replaces it as a
/// whole.
pub struct LiveCatalogue {
    path: PathBuf,
    questionnaire: Questionnaire,
    persons: Population,
    models: Option<String>,
    current: ArcSwapOption<Snapshot>,
    /// The file that the current snapshot was made of.
    loaded: Mutex<Option<Identity>>,
}

/// Identifies a published file by device, inode, length, and the times of its last changes: of the
/// content, and of the rights as well.
#[derive(PartialEq, Eq, Clone, Copy)]
struct Identity([u64; 3], [(i64, i64); 2]);

fn identity(path: &Path) -> Option<Identity> {
    let file = fs::metadata(path).ok()?;
    let times = [(file.mtime(), file.mtime_nsec()), (file.ctime(), file.ctime_nsec())];
    Some(Identity([file.dev(), file.ino(), file.len()], times))
}

impl LiveCatalogue {
    /// Creates an empty holder for the catalogue published at `path`, to be searched for persons of
    /// a population.
    pub fn new(path: PathBuf, questionnaire: Questionnaire, persons: Population) -> Self {
        let (current, loaded) = (ArcSwapOption::empty(), Mutex::default());
        Self { path, questionnaire, persons, models: None, current, loaded }
    }

    /// The same, which refuses a catalogue whose dogs were measured by other models than these.
    #[must_use]
    pub fn of_models(self, model_version: String) -> Self {
        Self { models: Some(model_version), ..self }
    }

    /// The current snapshot; `None` before the first load.
    pub fn current(&self) -> Option<Arc<Snapshot>> {
        self.current.load_full()
    }

    /// Loads the published catalogue; on failure the current snapshot stays.
    pub fn load(&self) -> Result<Arc<Snapshot>, CatalogueError> {
        let found = identity(&self.path);
        let catalogue = match &self.models {
            Some(models) => Catalogue::read_of(&self.path, models)?,
            None => Catalogue::read(&self.path)?,
        };
        let snapshot = Arc::new(Snapshot::of(catalogue, &self.questionnaire, &self.persons));
        self.current.store(Some(Arc::clone(&snapshot)));
        *self.loaded.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(snapshot)
    }

    /// Calls `loaded` for the current snapshot, if there is one; then loads each newly published
    /// catalogue and calls it again. What cannot be loaded is tried again until it can.
    pub async fn watch(self: Arc<Self>, loaded: impl AsyncFn(&Snapshot)) {
        let mut attempts = Attempts::default();
        let known = *self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(snapshot), Some(known)) = (self.current(), known) {
            attempts.succeeded(known);
            told(&snapshot);
            loaded(&snapshot).await;
        }
        loop {
            if let Some(found) = identity(&self.path)
                && attempts.is_due(found)
                && let Some(snapshot) = self.attempt(&mut attempts, found).await
            {
                loaded(&snapshot).await;
            }
            tokio::time::sleep(WATCH_INTERVAL).await;
        }
    }

    /// Tries to load the file that was found, and tells what came of it.
    async fn attempt(
        self: &Arc<Self>,
        attempts: &mut Attempts,
        found: Identity,
    ) -> Option<Arc<Snapshot>> {
        let catalogue = Arc::clone(self);
        match tokio::task::spawn_blocking(move || catalogue.load()).await {
            Ok(Ok(snapshot)) => {
                attempts.succeeded(found);
                told(&snapshot);
                return Some(snapshot);
            }
            Ok(Err(error)) => {
                let is_systems = matches!(error, CatalogueError::Io { .. });
                if attempts.failed(found, is_systems, error.to_string()) {
                    let serving = self.current().map(|snapshot| snapshot.version);
                    tracing::error!(reason = %error.reason(), %error, serving, "catalogue not loaded");
                }
            }
            Err(error) => {
                if attempts.failed(found, false, error.to_string()) {
                    tracing::error!(%error, "loading the catalogue panicked");
                }
            }
        }
        None
    }
}

fn told(snapshot: &Snapshot) {
    tracing::info!(version = snapshot.version, dogs = snapshot.index.len(), "catalogue loaded");
}

/// What came of the attempts to load the published file.
#[derive(Default)]
struct Attempts {
    seen: Option<Identity>,
    /// The last failure that was told, until a load succeeds.
    told: Option<String>,
    /// Checks until the seen file is tried again; `None` if it is loaded.
    wait: Option<u32>,
}

impl Attempts {
    /// Whether to load the file that was found now. To be asked once for each check.
    fn is_due(&mut self, found: Identity) -> bool {
        if self.seen != Some(found) {
            return true;
        }
        match &mut self.wait {
            None => false,
            Some(0) => true,
            Some(checks) => {
                *checks -= 1;
                false
            }
        }
    }

    fn succeeded(&mut self, found: Identity) {
        *self = Self { seen: Some(found), ..Self::default() };
    }

    /// Whether the failure is to be told, because it differs from the last one. The system may
    /// recover at any time, but content is mended by a change.
    fn failed(&mut self, found: Identity, is_systems: bool, message: String) -> bool {
        self.seen = Some(found);
        self.wait = Some(if is_systems { 0 } else { REFUSED_CHECKS });
        let message = Some(message);
        let is_new = self.told != message;
        self.told = message;
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_once_and_tried_again() {
        let file = |length| Identity([1, 1, length], [(0, 0); 2]);
        let mut attempts = Attempts::default();
        assert!(attempts.is_due(file(1)));
        assert!(attempts.failed(file(1), true, "no right".to_owned()));
        assert!(attempts.is_due(file(1)), "the system is asked each time");
        assert!(!attempts.failed(file(1), true, "no right".to_owned()), "told already");
        assert!(attempts.failed(file(1), false, "damaged".to_owned()));
        let checks = (0..1000).position(|_| attempts.is_due(file(1))).unwrap();
        assert_eq!(checks, REFUSED_CHECKS as usize, "unchanged content is asked seldom");
        assert!(attempts.is_due(file(2)), "changed content at once");
        attempts.succeeded(file(2));
        assert!(!attempts.is_due(file(2)));
    }
}
