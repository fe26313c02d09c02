//! The current snapshot, and the watch for a newer catalogue.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwapOption;
use mungpy_core::{reason::WithReason, resemblance::Population, temperament::Questionnaire};

use crate::{
    catalogue::{Catalogue, CatalogueError},
    matching::Snapshot,
};

/// How often to check for a new catalogue.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// Holds the current snapshot. Readers take it without waiting; a new catalogue replaces it as a
/// whole.
pub struct LiveCatalogue {
    path: PathBuf,
    questionnaire: Questionnaire,
    persons: Population,
    current: ArcSwapOption<Snapshot>,
}

/// Identifies a published file by inode, length and modification time.
#[derive(PartialEq, Eq, Clone, Copy)]
struct Identity(u64, u64, i64, i64);

fn identity(path: &Path) -> Option<Identity> {
    let metadata = fs::metadata(path).ok()?;
    Some(Identity(metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
}

impl LiveCatalogue {
    /// Creates an empty holder for the catalogue published at `path`, to be searched for persons of
    /// a population.
    pub fn new(path: PathBuf, questionnaire: Questionnaire, persons: Population) -> Self {
        Self { path, questionnaire, persons, current: ArcSwapOption::empty() }
    }

    /// The current snapshot; `None` before the first load.
    pub fn current(&self) -> Option<Arc<Snapshot>> {
        self.current.load_full()
    }

    /// Loads the published catalogue; on failure the current snapshot stays.
    pub fn load(&self) -> Result<Arc<Snapshot>, CatalogueError> {
        let catalogue = Catalogue::read(&self.path)?;
        let snapshot = Arc::new(Snapshot::of(&catalogue, &self.questionnaire, &self.persons));
        self.current.store(Some(Arc::clone(&snapshot)));
        Ok(snapshot)
    }

    /// Loads each newly published catalogue and then calls `loaded`.
    pub async fn watch(self: Arc<Self>, loaded: impl AsyncFn(&Snapshot)) {
        let mut seen = None;
        loop {
            let found = identity(&self.path);
            if found.is_some() && found != seen {
                seen = found;
                let catalogue = Arc::clone(&self);
                match tokio::task::spawn_blocking(move || catalogue.load()).await {
                    Ok(Ok(snapshot)) => {
                        tracing::info!(
                            version = snapshot.version,
                            dogs = snapshot.index.len(),
                            "catalogue loaded"
                        );
                        loaded(&snapshot).await;
                    }
                    Ok(Err(error)) => {
                        tracing::error!(reason = %error.reason(), %error, "catalogue not loaded");
                    }
                    Err(error) => tracing::error!(%error, "loading the catalogue panicked"),
                }
            }
            tokio::time::sleep(WATCH_INTERVAL).await;
        }
    }
}
