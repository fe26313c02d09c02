//! The dogs: what is known about them, and what is published.
//!
//! A [`DogSource`](mungpy_source::DogSource) lists the current dogs, the [`Store`] is the durable memory of the batch, and a
//! [`Catalogue`] is the file that servers read. The source is enough to rebuild everything else.

mod error;
mod frame;
mod opening;
mod published;
mod record;
mod store;

use std::{
    fs,
    path::{Path, PathBuf},
};

pub use error::CatalogueError;
pub use published::Catalogue;
pub use record::{DogRecord, Entry, PhotosDigest, Rejection};
pub use store::Store;

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
        published::remove_partial(&self.root)
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
