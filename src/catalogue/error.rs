//! Errors of the data directory.

use std::{
    io,
    path::{Path, PathBuf},
};

use mungpy_core::reason::{Reason, WithReason};

/// Why the data directory could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Another process has the store open.
    #[error("store {} is in use by another batch; wait until it has ended", path.display())]
    Locked {
        /// Directory of the store.
        path: PathBuf,
    },
    /// No space is left on the disk.
    #[error("the disk of {} is full; free some space and run the batch again, nothing is lost", path.display())]
    DiskFull {
        /// The file to be written.
        path: PathBuf,
    },
    /// A file or directory could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's message.
        source: io::Error,
    },
    /// The system grants too few threads for the store.
    #[error(
        "store {}: the system grants no further thread ({source}); raise the limits of memory or processes",
        path.display()
    )]
    Threads {
        /// Directory of the store.
        path: PathBuf,
        /// The operating system's message.
        source: io::Error,
    },
    /// Any other failure of sled.
    #[error("store {}: {source}", path.display())]
    Store {
        /// Directory of the store.
        path: PathBuf,
        /// sled's message.
        source: sled::Error,
    },
    /// A newer version has written the store.
    #[error(
        "store {} has layout {found}, this version of mungpy reads up to {known}; run the newer version, or remove the store to have all dogs measured again",
        path.display()
    )]
    StoreOfNewerVersion {
        /// Directory of the store.
        path: PathBuf,
        /// Layout of the store.
        found: u8,
        /// Latest layout that this version reads.
        known: u8,
    },
    /// A version of the catalogue is not kept.
    #[error("{} is not kept; {kept}", version.map_or_else(|| "an earlier catalogue".to_owned(), |version| format!("version {version} of the catalogue")))]
    NotKept {
        /// The version that was asked for, if one was.
        version: Option<u64>,
        /// Which versions are, in words.
        kept: String,
    },
    /// A file to be imported is no export of a catalogue.
    #[error("{}: {detail}; nothing was imported", path.display())]
    ImportMalformed {
        /// The file.
        path: PathBuf,
        /// The line and what is wrong with it.
        detail: String,
    },
    /// No batch has published a catalogue yet.
    #[error("there is no catalogue in {} yet; run mungpy batch first", path.display())]
    NotPublished {
        /// File of the catalogue.
        path: PathBuf,
    },
    /// The published catalogue has a layout that this version does not read.
    #[error(
        "catalogue {} has layout {found}, this version of mungpy reads {known}; run batch and server of the same version",
        path.display()
    )]
    OtherLayout {
        /// File of the catalogue.
        path: PathBuf,
        /// Layout of the file.
        found: u8,
        /// Layout that this version reads and writes.
        known: u8,
    },
    /// The dogs were measured by other models, so that they cannot be compared with persons.
    #[error(
        "the dogs of catalogue {} were measured by {found}, this program compares with {expected}; run mungpy batch of this version with the same --models and --detector",
        path.display()
    )]
    OtherModels {
        /// File of the catalogue.
        path: PathBuf,
        /// Version of the models that measured the dogs.
        found: String,
        /// Version that this program expects.
        expected: String,
    },
    /// The published catalogue is damaged.
    #[error("catalogue {} is damaged; run mungpy batch to publish it anew", path.display())]
    Damaged {
        /// File of the catalogue.
        path: PathBuf,
    },
}

impl WithReason for CatalogueError {
    fn reason(&self) -> Reason {
        match self {
            Self::Locked { .. } => Reason::StoreLocked,
            Self::DiskFull { .. } => Reason::DiskFull,
            Self::Io { .. } => Reason::DataDirUnusable,
            Self::Store { .. } => Reason::StoreFailed,
            Self::Threads { .. } => Reason::MemoryShort,
            Self::NotPublished { .. } => Reason::CatalogueNotPublished,
            Self::OtherLayout { .. } => Reason::CatalogueLayoutUnknown,
            Self::OtherModels { .. } => Reason::CatalogueOfOtherModels,
            Self::Damaged { .. } => Reason::CatalogueDamaged,
            Self::StoreOfNewerVersion { .. } => Reason::StoreOfNewerVersion,
            Self::NotKept { .. } => Reason::CatalogueNotKept,
            Self::ImportMalformed { .. } => Reason::ImportMalformed,
        }
    }
}

impl CatalogueError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        if source.kind() == io::ErrorKind::StorageFull {
            Self::DiskFull { path }
        } else {
            Self::Io { path, source }
        }
    }

    pub(super) fn sled(path: &Path, source: sled::Error) -> Self {
        match source {
            // sled reports a held lock only through the text of an I/O error.
            sled::Error::Io(source) if source.to_string().contains("could not acquire lock") => {
                Self::Locked { path: path.to_owned() }
            }
            sled::Error::Io(source) => Self::io(path, source),
            source => Self::Store { path: path.to_owned(), source },
        }
    }
}
