//! Why a batch ended without a new catalogue.

use mungpy_core::reason::{Reason, WithReason};

use crate::{
    catalogue::{CatalogueError, SourceError},
    extract::ExtractError,
};

/// Why a batch ended without a new catalogue.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The source could not be listed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The source is empty although dogs are known. An unmounted disk is more likely than a shelter
    /// without dogs.
    #[error(
        "the source {name} lists no dog while {known} are known; if that is right, run the batch again with --allow-empty"
    )]
    SourceEmpty {
        /// Name of the source.
        name: String,
        /// Number of dogs in the store.
        known: usize,
    },
    /// The data directory failed.
    #[error(transparent)]
    Catalog(#[from] CatalogueError),
    /// An extractor could not be cloned for a worker.
    #[error(transparent)]
    Extract(#[from] ExtractError),
}

impl WithReason for BatchError {
    fn reason(&self) -> Reason {
        match self {
            Self::Source(error) => error.reason(),
            Self::SourceEmpty { .. } => Reason::SourceEmpty,
            Self::Catalog(error) => error.reason(),
            Self::Extract(error) => error.reason(),
        }
    }
}
