//! Why a batch ended without a new catalogue.

use mungpy_core::reason::{Reason, WithReason};
use mungpy_source::SourceError;

use super::Losses;
use crate::{
    catalogue::CatalogueError,
    extract::{ExtractError, MemoryShort},
    vision::VisionError,
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
    /// The batch would lose more dogs than it may. A source that broke is more likely than that.
    #[error(
        "of {} dogs {} would be lost ({} are no longer listed, {} are refused{}) and {} would be matched, more than --max-loss {max_loss} allows; nothing was published and nothing is forgotten; mend the source {name}, or if that is right, run the batch again with --allow-removals or a larger --max-loss",
        losses.before, losses.removed + losses.refused, losses.removed, losses.refused,
        often.map(|reason| format!(", most as {reason}")).unwrap_or_default(), losses.after
    )]
    CatalogueShrinks {
        /// Name of the source.
        name: String,
        /// What would be lost.
        losses: Losses,
        /// Share of the dogs that may be lost.
        max_loss: f64,
        /// The most frequent reason of refusals.
        often: Option<&'static str>,
    },
    /// Somebody stopped the run.
    #[error(
        "stopped after {done} of {listed} dogs; nothing was published, and the next run goes on where this one was"
    )]
    Cancelled {
        /// Dogs that were done.
        done: usize,
        /// Dogs that were listed.
        listed: usize,
    },
    /// The system grants too little memory.
    #[error(transparent)]
    Memory(#[from] MemoryShort),
    /// The data directory failed.
    #[error(transparent)]
    Catalog(#[from] CatalogueError),
    /// A model could not be loaded.
    #[error(transparent)]
    Models(#[from] VisionError),
    /// An extractor could not be cloned for a worker.
    #[error(transparent)]
    Extract(#[from] ExtractError),
}

impl WithReason for BatchError {
    fn reason(&self) -> Reason {
        match self {
            Self::Source(error) => error.reason(),
            Self::SourceEmpty { .. } => Reason::SourceEmpty,
            Self::CatalogueShrinks { .. } => Reason::CatalogueShrinks,
            Self::Cancelled { .. } => Reason::BatchCancelled,
            Self::Memory(error) => error.reason(),
            Self::Catalog(error) => error.reason(),
            Self::Models(error) => error.reason(),
            Self::Extract(error) => error.reason(),
        }
    }
}
