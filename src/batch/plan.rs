//! What a run would do, without doing it.

use std::fmt;

use serde::Serialize;

use super::{known::Known, source::Roster};
use crate::catalogue::Entry;

/// What a run would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchPlan {
    /// Dogs that are listed.
    pub listed: usize,
    /// Dogs that are new, or that other models measured.
    pub new: usize,
    /// Dogs that are known; those whose photos have changed would be measured again.
    pub known: usize,
    /// Dogs that would be removed.
    pub gone: usize,
    /// What the sources list and cannot be used.
    pub faults: usize,
}

impl BatchPlan {
    pub(super) fn of(known: &Known, roster: &Roster, model_version: &str) -> Self {
        let is_known = |dog_id: &str| {
            known.get(dog_id).is_some_and(|entry| entry.model_version() == model_version)
        };
        let gone = known.absent_from(roster).filter(|entry| matches!(entry, Entry::Dog(_)));
        let listed = roster.dogs.len();
        let old = roster.dogs.iter().filter(|listed| is_known(&listed.dog.dog_id)).count();
        let (new, gone, faults) = (listed - old, gone.count(), roster.faults.len());
        Self { listed, new, known: old, gone, faults }
    }
}

impl fmt::Display for BatchPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { listed, new, known, gone, faults } = self;
        write!(
            f,
            "{listed} dogs are listed: {new} would be measured, {known} compared; {gone} would be removed; {faults} faults"
        )
    }
}
