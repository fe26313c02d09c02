//! The dogs: what is known about them, and what is published.
//!
//! A [`DogSource`](mungpy_source::DogSource) lists the current dogs, the [`Store`] is the durable
//! memory of the batch, and a [`Catalogue`] is the file that servers read. The source is enough to
//! rebuild everything else.

mod error;
mod export;
mod frame;
mod kept;
mod opening;
mod published;
mod record;
mod stamp;
mod store;
mod tables;
mod trial;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use chrono::Utc;
pub use error::CatalogueError;
pub use export::dog_as_json;
pub(crate) use kept::PARTIAL_RUN;
pub use published::Catalogue;
pub(crate) use published::partial;
pub use record::{DogRecord, Entry, Rejection};
pub use stamp::{PhotoStamp, PhotosDigest, digest_of, of_file};
pub use store::Store;
pub use tables::SearchTables;
pub use trial::{SourceState, Trial};

/// Folder of photos that are fetched.
const FETCHED: &str = "fetched";
/// Folder of the catalogues that are kept.
const KEPT: &str = "catalogues";

/// The data directory, where Mungpy keeps its state.
#[derive(Debug, Clone)]
pub struct DataDir {
    root: PathBuf,
}

impl DataDir {
    /// The data directory at `root`, which need not exist yet.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Creates the directory and opens the store in it.
    pub fn open_store(&self) -> Result<Store, CatalogueError> {
        fs::create_dir_all(&self.root).map_err(|error| CatalogueError::io(&self.root, error))?;
        Store::open(&self.root.join("store"))
    }

    /// Removes what killed batches left of their catalogues. Call it only with the store open,
    /// which shows that no other batch is publishing.
    pub fn clear_partial(&self, _store: &Store) -> Result<(), CatalogueError> {
        kept::remove_partial(&self.root)?;
        let fetched = self.root.join(FETCHED);
        match fs::remove_dir_all(&fetched) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(CatalogueError::io(&fetched, error))
            }
            _ => Ok(()),
        }
    }

    /// The folder of photos that are fetched and removed once they are measured; it is created.
    pub fn fetched_path(&self) -> Result<PathBuf, CatalogueError> {
        let path = self.root.join(FETCHED);
        fs::create_dir_all(&path).map_err(|error| CatalogueError::io(&path, error))?;
        Ok(path)
    }

    /// Folder of the dogs that callers push.
    pub fn pushed_path(&self) -> PathBuf {
        self.root.join("pushed")
    }

    /// Whether a process has the store open, as a batch that is under way has.
    pub fn is_store_open(&self) -> bool {
        opening::is_locked(&self.root.join("store"))
    }

    /// Path of the last runs of the batch.
    pub fn runs_path(&self) -> PathBuf {
        self.root.join("runs.jsonl")
    }

    /// Path of the run that is under way.
    pub fn run_path(&self) -> PathBuf {
        self.root.join("run.json")
    }

    /// Publishes a catalogue and keeps some of those before it, the sound `current` one among them.
    /// Call it only with the store open.
    pub fn publish(
        &self,
        _store: &Store,
        catalogue: &Catalogue,
        current: Option<u64>,
        kept: usize,
    ) -> Result<(), CatalogueError> {
        kept::keep_published(&self.catalogue_path(), current, &self.root.join(KEPT), kept)?;
        catalogue.publish(&self.catalogue_path())
    }

    /// Versions of the catalogues that are kept beside the published one, oldest first.
    pub fn kept_versions(&self) -> Result<Vec<u64>, CatalogueError> {
        kept::versions(&self.root.join(KEPT))
    }

    /// Publishes a kept catalogue again, as a new version; the last one that was published before
    /// the current if none is named. The next batch publishes what the sources list then.
    pub fn roll_back(
        &self,
        version: Option<u64>,
        model_version: &str,
        kept: usize,
    ) -> Result<Catalogue, CatalogueError> {
        let store = self.open_store()?;
        self.clear_partial(&store)?;
        let current = self.current_version();
        let before = current.unwrap_or(u64::MAX);
        let mut catalogue = kept::read(&self.root.join(KEPT), version, before)?;
        if catalogue.model_version != model_version {
            return Err(CatalogueError::OtherModels {
                path: self.root.join(KEPT),
                found: catalogue.model_version,
                expected: model_version.to_owned(),
            });
        }
        self.publish_anew(&store, &mut catalogue, current, kept)?;
        Ok(catalogue)
    }

    /// Publishes a catalogue that no batch has just made, as a new version. The next batch asks all
    /// sources for all dogs, so that it finds what this one has of dogs that are gone.
    pub fn publish_anew(
        &self,
        store: &Store,
        catalogue: &mut Catalogue,
        current: Option<u64>,
        kept: usize,
    ) -> Result<(), CatalogueError> {
        catalogue.version = self.next_version(store, current)?;
        catalogue.published_at = Utc::now();
        store.keep_states(&[])?;
        store.set_version(catalogue.version)?;
        store.flush()?;
        self.publish(store, catalogue, current, kept)
    }

    /// Version of the published catalogue; `None` if there is no sound one.
    pub fn current_version(&self) -> Option<u64> {
        Catalogue::read(&self.catalogue_path()).ok().map(|now| now.version)
    }

    /// Version for the next catalogue: later than the current one and all others that are known.
    pub fn next_version(&self, store: &Store, current: Option<u64>) -> Result<u64, CatalogueError> {
        let kept = self.kept_versions()?.last().copied().unwrap_or(0);
        Ok(store.version()?.max(current.unwrap_or(0)).max(kept) + 1)
    }

    /// Path of the measurements that an evaluation keeps.
    pub fn evaluation_path(&self) -> PathBuf {
        self.root.join("evaluation")
    }

    /// Path of the published catalogue.
    pub fn catalogue_path(&self) -> PathBuf {
        self.root.join("catalogue.mungpy")
    }
}
