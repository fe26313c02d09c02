//! The dogs with one temperament profile, in a kd-tree over their embeddings.

use std::num::NonZero;

use kiddo::{Eytzinger, KdTree, SquaredEuclidean, leaf_strategy::VecOfArenas};

use crate::{
    resemblance::{EMBEDDING_LEN, Embedding},
    temperament::Profile,
};

/// Dogs in a leaf of the tree, which are compared side by side. In 15 dimensions a search enters
/// many leaves whatever their size, so large leaves win: they compare a few thousand dogs in a row
/// (docs/SEARCH.md). A group with fewer dogs is a single leaf, that is, a linear scan.
const LEAF: usize = 256;

type Tree =
    KdTree<f32, u32, Eytzinger, VecOfArenas<f32, u32, EMBEDDING_LEN, LEAF>, EMBEDDING_LEN, LEAF>;

/// A dog and its squared distance to the person, summed in single precision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Neighbour {
    pub(super) dog: u32,
    pub(super) coarse: f32,
}

/// The dogs with one profile, numbered consecutively.
pub(super) struct Group {
    pub(super) profile: Profile,
    pub(super) first: u32,
    pub(super) len: usize,
    tree: Tree,
}

impl Group {
    /// Takes at least one dog; numbering starts at `first`.
    pub(super) fn new(profile: Profile, first: u32, places: &[Embedding]) -> Self {
        let points: Vec<_> = places.iter().map(|place| *place.coordinates()).collect();
        let tree = Tree::new_from_slice(&points).expect("finite points build a tree");
        Self { profile, first, len: places.len(), tree }
    }

    /// Whether a dog belongs to the group.
    pub(super) fn contains(&self, dog: u32) -> bool {
        (self.first..self.first + self.len as u32).contains(&dog)
    }

    /// The `count` dogs nearest to `person` by coarse distance, nearest first, or all dogs of a
    /// smaller group.
    pub(super) fn nearest(&self, person: &Embedding, count: NonZero<usize>) -> Vec<Neighbour> {
        let query = self.tree.query(person.coordinates());
        let found = query.nearest_n::<SquaredEuclidean<f32>>(count).execute();
        let near = found
            .iter()
            .map(|item| Neighbour { dog: self.first + item.item, coarse: item.distance });
        near.collect()
    }
}
