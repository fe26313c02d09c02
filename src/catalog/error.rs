//! What can go wrong with the data directory.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why the data directory could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// Another process has the store open.
    #[error("store {} is in use by another batch; wait until it has ended", path.display())]
    Locked {
        /// Directory of the store.
        path: PathBuf,
    },
    /// No space is left on the disk.
    #[error("the disk of {} is full; free some space and run the batch again, nothing is lost", path.display())]
    DiskFull {
        /// What was to be written.
        path: PathBuf,
    },
    /// A file or directory could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// sled failed otherwise.
    #[error("store {}: {source}", path.display())]
    Store {
        /// Directory of the store.
        path: PathBuf,
        /// What sled said.
        source: sled::Error,
    },
    /// No batch has published a catalogue yet.
    #[error("there is no catalogue in {} yet; run mungpy batch first", path.display())]
    NotPublished {
        /// File of the catalogue.
        path: PathBuf,
    },
    /// The published catalogue is damaged.
    #[error("catalogue {} is damaged; run mungpy batch to publish it anew", path.display())]
    Damaged {
        /// File of the catalogue.
        path: PathBuf,
    },
}

impl CatalogError {
    /// Stable code of the reason, for programs.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "STORE_LOCKED",
            Self::DiskFull { .. } => "DISK_FULL",
            Self::Io { .. } => "DATA_DIR_UNUSABLE",
            Self::Store { .. } => "STORE_FAILED",
            Self::NotPublished { .. } => "CATALOGUE_NOT_PUBLISHED",
            Self::Damaged { .. } => "CATALOGUE_DAMAGED",
        }
    }

    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        if source.kind() == io::ErrorKind::StorageFull {
            Self::DiskFull { path }
        } else {
            Self::Io { path, source }
        }
    }

    pub(super) fn sled(path: &Path, source: sled::Error) -> Self {
        match source {
            // sled reports a held lock as an error with a text of its own.
            sled::Error::Io(source) if source.to_string().contains("could not acquire lock") => {
                Self::Locked { path: path.to_owned() }
            }
            sled::Error::Io(source) => Self::io(path, source),
            source => Self::Store { path: path.to_owned(), source },
        }
    }
}
