//! What comes of one dog in a batch.

use chrono::SubsecRound;
use mungpy_core::reason::Reason;

use super::{preparation::Missing, source::Listed};
use crate::catalogue::{CatalogueError, DogRecord, Entry, Rejection};

/// The outcome for one dog.
pub(super) enum Outcome {
    /// Photos, models and what the source says are unchanged.
    Unchanged {
        /// What is known.
        entry: Box<Entry>,
        /// Whether the store knows an older stamp of a photo.
        is_stale: bool,
    },
    /// Only what the source says has changed: traits, image id, attributes.
    Updated(Box<DogRecord>),
    /// The dog was measured and can be matched.
    Enrolled {
        /// What was measured.
        record: Box<DogRecord>,
        /// Why one of its photos could not be looked at; the dog is tried again.
        missing: Missing,
    },
    /// No photo gave a usable face.
    Rejected(Box<Rejection>),
    /// The photos are not at fault. What is known about the dog stays as it is, and it is tried
    /// again.
    Failed {
        /// The reason.
        reason: Reason,
        /// The reason in words.
        message: String,
    },
    /// The dog failed so lately that it was not tried again yet.
    Waiting {
        /// The reason of the failure.
        reason: Reason,
        /// The reason in words.
        message: String,
    },
    /// The disk failed, so that the run cannot go on.
    Broken(Box<CatalogueError>),
    /// The run has measured as many dogs as it may.
    Deferred,
}

impl Outcome {
    pub(super) fn failed(reason: Reason, message: &str) -> Self {
        Self::Failed { reason, message: message.to_owned() }
    }
}

/// A record with what the source says today; what was measured stays.
pub(super) fn retold(record: &DogRecord, listed: &Listed) -> DogRecord {
    let dog = &listed.dog;
    DogRecord {
        source: listed.source.to_string(),
        traits: dog.traits.clone(),
        image_id: dog.image_id.clone().unwrap_or_else(|| record.image_id.clone()),
        attributes: dog.attributes.clone(),
        // Whole seconds are kept, so a part of one is no change.
        expires_at: dog.expires_at.map(|time| time.trunc_subsecs(0)),
        ..record.clone()
    }
}
