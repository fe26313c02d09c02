//! Dogs of one temperament profile, searched by their coarse vectors.

use std::num::NonZero;

use kiddo::{ImmutableKdTree, SquaredEuclidean};

use crate::{
    resemblance::{COARSE_LEN, Embedding},
    temperament::Profile,
};

/// Groups of fewer dogs are scanned: a tree of a few leaves saves nothing.
const SCANNED_BELOW: usize = 64;

/// A dog and its squared coarse distance to the person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Near {
    pub(super) dog: u32,
    pub(super) coarse: f64,
}

/// Dogs of one profile.
pub(super) struct Group {
    pub(super) profile: Profile,
    pub(super) members: Vec<u32>,
    tree: Option<ImmutableKdTree<f64, COARSE_LEN>>,
}

impl Group {
    pub(super) fn new(profile: Profile, members: Vec<u32>, embeddings: &[Embedding]) -> Self {
        let tree = (members.len() >= SCANNED_BELOW).then(|| {
            let points: Vec<_> =
                members.iter().map(|&dog| embeddings[dog as usize].coarse).collect();
            ImmutableKdTree::new_from_slice(&points).expect("finite points build a tree")
        });
        Self { profile, members, tree }
    }

    /// Adds at least the `count` members nearest to `person` by coarse distance;
    /// a member that is not added is not nearer than any that is.
    pub(super) fn nearest(
        &self,
        person: &Embedding,
        embeddings: &[Embedding],
        count: NonZero<usize>,
        out: &mut Vec<Near>,
    ) {
        match &self.tree {
            Some(tree) if count.get() < self.members.len() => {
                let found =
                    tree.query(&person.coarse).nearest_n::<SquaredEuclidean<f64>>(count).execute();
                out.extend(found.iter().map(|item| {
                    let dog = self.members[item.item as usize];
                    Near { dog, coarse: person.coarse_distance_squared(&embeddings[dog as usize]) }
                }));
            }
            _ => out.extend(self.members.iter().map(|&dog| Near {
                dog,
                coarse: person.coarse_distance_squared(&embeddings[dog as usize]),
            })),
        }
    }
}
