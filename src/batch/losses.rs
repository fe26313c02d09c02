//! How many dogs a batch would take out of the catalogue, and whether that is too many.
//!
//! A disk that is half mounted, photos that were truncated by a copy, or an export that broke off
//! look like a shelter that lost most of its dogs overnight. Then the catalogue of yesterday is
//! better than that of today.

use std::collections::{BTreeMap, HashSet};

use super::{known::Known, source::Roster};
use crate::catalogue::{DogRecord, Entry};

/// Share of the dogs that a batch may lose unless another is set.
pub const DEFAULT_MAX_LOSS: f64 = 0.5;
/// Dogs that may always be lost, so that a small shelter may have a good day.
const ALWAYS: usize = 5;

/// What a batch would take out of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Losses {
    /// Dogs that could be matched before the batch.
    pub before: usize,
    /// Dogs that could be matched after it, new ones included.
    pub after: usize,
    /// Dogs that the source no longer lists.
    pub removed: usize,
    /// Dogs that the source lists and whose photos were refused.
    pub refused: usize,
}

impl Losses {
    /// Compares what is known with the dogs of the next catalogue.
    pub(super) fn of(known: &Known, roster: &Roster, dogs: &[DogRecord]) -> Self {
        Self::of_entries(known.matched(), roster, &ids_of(dogs), dogs.len())
    }

    /// The same for each source of which dogs are known.
    pub(super) fn by_source<'a>(
        known: &'a Known,
        roster: &Roster,
        dogs: &[DogRecord],
    ) -> Vec<(&'a str, Self)> {
        let mut entries: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in known.matched().filter(|entry| !entry.source().is_empty()) {
            entries.entry(entry.source()).or_default().push(entry);
        }
        let kept = ids_of(dogs);
        let losses = |(source, entries): (&'a str, Vec<&Entry>)| {
            let after = dogs.iter().filter(|dog| dog.source == source).count();
            (source, Self::of_entries(entries.into_iter(), roster, &kept, after))
        };
        entries.into_iter().map(losses).collect()
    }

    fn of_entries<'a>(
        entries: impl Iterator<Item = &'a Entry>,
        roster: &Roster,
        kept: &HashSet<&str>,
        after: usize,
    ) -> Self {
        let mut losses = Self { before: 0, after, removed: 0, refused: 0 };
        for entry in entries {
            if roster.is_deleted(entry) {
                continue;
            }
            losses.before += 1;
            if kept.contains(entry.dog_id()) {
                continue;
            }
            if roster.holds(entry.dog_id()) {
                losses.refused += 1;
            } else {
                losses.removed += 1;
            }
        }
        losses
    }

    /// Whether more is lost than a share of the dogs. A few may always be lost, but never all.
    pub(super) fn exceed(&self, share: f64) -> bool {
        let lost = self.removed + self.refused;
        let allowed = ((share * self.before as f64) as usize).max(ALWAYS);
        lost > allowed || (lost > 0 && self.after == 0 && share < 1.0)
    }
}

fn ids_of(dogs: &[DogRecord]) -> HashSet<&str> {
    dogs.iter().map(|dog| dog.dog_id.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_dogs_may_always_go_but_neither_most_nor_all() {
        let exceed = |before, lost, share| {
            let losses = Losses { before, after: before - lost, removed: lost, refused: 0 };
            losses.exceed(share)
        };
        assert!(!exceed(1000, 500, 0.5) && exceed(1000, 501, 0.5));
        assert!(!exceed(8, 5, 0.5) && exceed(13, 7, 0.5));
        assert!(exceed(3, 3, 0.5), "none would be left");
        assert!(!exceed(1000, 1000, 1.0) && exceed(1000, 6, 0.0));
    }
}
