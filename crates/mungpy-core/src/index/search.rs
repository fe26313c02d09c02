//! Exact search in two stages: the coarse distance filters, the exact one ranks.
//!
//! The trees sum distances in single precision. Their candidates are re-ranked in double precision
//! until no unvisited dog can be nearer (multi-step k-nearest-neighbour search: Seidl & Kriegel,
//! SIGMOD 1998).

use std::{collections::HashSet, num::NonZero};

use super::{Hit, Index, Query, SearchResult, group::Group};
use crate::{face::Species, resemblance::Embedding, temperament::Agreement};

/// Candidates to take from a tree beyond those wanted, so that one query suffices unless many dogs
/// are equally near.
const SPARE: usize = 6;

/// Largest relative error of a coarse distance: 15 squares, each rounded three times to 24 bits,
/// and their sum.
const ROUNDING: f64 = 1e-5;

/// A group that fits the answers.
struct CandidateGroup<'a> {
    group: &'a Group,
    agreement: Agreement,
    excluded: usize,
    /// Numbers of its only dogs to choose from, if the query names some.
    allowed: Option<&'a [u32]>,
}

impl CandidateGroup<'_> {
    /// Number of dogs to choose from.
    fn candidates(&self) -> usize {
        self.allowed.map_or(self.group.len, <[u32]>::len) - self.excluded
    }
}

pub(super) fn search(index: &Index, query: &Query<'_>) -> SearchResult {
    let person = index.space.embed(Species::Person, query.person);
    let excluded: HashSet<u32> = query.excluded.iter().filter_map(|id| index.number(id)).collect();
    let fitting = fitting_groups(index, query, &excluded);
    let candidates = fitting.iter().map(CandidateGroup::candidates).sum();
    let top = query.top.min(candidates);
    let mut hits: Vec<Hit> = Vec::new();
    if top > 0 {
        for group in &fitting {
            hits.extend(match group.allowed {
                // The tree knows nothing of attributes, and few dogs are left as a rule.
                Some(allowed) => each_of(index, group, &person, &excluded, allowed),
                None => nearest_of(index, group, &person, &excluded, top),
            });
        }
    }
    hits.sort_by(|a, b| {
        let by_id = || index.dog_id(a.dog).cmp(index.dog_id(b.dog));
        a.distance_squared.total_cmp(&b.distance_squared).then_with(by_id)
    });
    hits.truncate(top);
    SearchResult { hits, candidates }
}

fn fitting_groups<'a>(
    index: &'a Index,
    query: &Query<'a>,
    excluded: &HashSet<u32>,
) -> Vec<CandidateGroup<'a>> {
    let mut groups: Vec<CandidateGroup> = index
        .groups
        .iter()
        .filter_map(|group| {
            let agreement = query.answers.agreement(&group.profile)?;
            let allowed = query.allowed.map(|allowed| within(allowed, group));
            if allowed.is_some_and(<[u32]>::is_empty) {
                return None;
            }
            let is_here = |dog: &u32| match allowed {
                Some(allowed) => allowed.binary_search(dog).is_ok(),
                None => group.contains(*dog),
            };
            let excluded = excluded.iter().filter(|dog| is_here(dog)).count();
            Some(CandidateGroup { group, agreement, excluded, allowed })
        })
        .collect();
    let counts: Vec<_> = groups.iter().map(|f| (f.agreement.agreed, f.candidates())).collect();
    let threshold = query.policy.threshold(query.answers, &counts);
    groups.retain(|f| f.agreement.agreed >= threshold);
    groups
}

/// The dogs of a group among those with ascending numbers.
fn within<'a>(allowed: &'a [u32], group: &Group) -> &'a [u32] {
    let end = group.first + group.len as u32;
    let (from, to) = (
        allowed.partition_point(|dog| *dog < group.first),
        allowed.partition_point(|dog| *dog < end),
    );
    &allowed[from..to]
}

/// All dogs of a group that may be chosen, each with its exact distance.
fn each_of(
    index: &Index,
    fitting: &CandidateGroup<'_>,
    person: &Embedding,
    excluded: &HashSet<u32>,
    allowed: &[u32],
) -> Vec<Hit> {
    let left = allowed.iter().filter(|dog| !excluded.contains(dog));
    left.map(|&dog| Hit {
        dog,
        distance_squared: person.distance_squared(&index.places[dog as usize]),
        agreement: fitting.agreement,
    })
    .collect()
}

/// The `top` dogs of a group nearest to the person, and a few more.
fn nearest_of(
    index: &Index,
    fitting: &CandidateGroup<'_>,
    person: &Embedding,
    excluded: &HashSet<u32>,
    top: usize,
) -> Vec<Hit> {
    let mut count = top + fitting.excluded + SPARE;
    loop {
        let wanted = NonZero::new(count).expect("top is at least one");
        let near = fitting.group.nearest(person, wanted);
        // No unvisited dog is nearer than this.
        let bound = (count < fitting.group.len)
            .then(|| f64::from(near[count - 1].coarse) * (1.0 - ROUNDING));
        let left = near.iter().filter(|near| !excluded.contains(&near.dog));
        let hits: Vec<Hit> = left
            .map(|near| Hit {
                dog: near.dog,
                distance_squared: person.distance_squared(&index.places[near.dog as usize]),
                agreement: fitting.agreement,
            })
            .collect();
        let nearer = |bound: f64| hits.iter().filter(|hit| hit.distance_squared < bound).count();
        if bound.is_none_or(|bound| nearer(bound) >= top) {
            return hits;
        }
        count *= 4;
    }
}
