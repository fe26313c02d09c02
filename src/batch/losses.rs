//! How many dogs a batch would take out of the catalogue, and whether that is too many.
//!
//! A disk that is half mounted, photos that were truncated by a copy, or an export that broke off
//! look like a shelter that lost most of its dogs overnight. Then the catalogue of yesterday is
//! better than that of today.

use std::collections::HashSet;

use mungpy_source::Listing;

use super::known::{Known, ids_of};
use crate::catalogue::DogRecord;

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
    pub(super) fn of(known: &Known, listing: &Listing, dogs: &[DogRecord]) -> Self {
        let kept: HashSet<&str> = dogs.iter().map(|dog| dog.dog_id.as_str()).collect();
        let listed = ids_of(listing);
        let mut losses = Self { before: 0, after: dogs.len(), removed: 0, refused: 0 };
        for dog_id in known.matched() {
            losses.before += 1;
            if kept.contains(dog_id) {
                continue;
            }
            if listed.contains(dog_id) {
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
