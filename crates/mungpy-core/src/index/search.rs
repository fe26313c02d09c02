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
}

pub(super) fn search(index: &Index, query: &Query<'_>) -> SearchResult {
    let person = index.space.embed(Species::Person, query.person);
    let excluded: HashSet<u32> = query.excluded.iter().filter_map(|id| index.number(id)).collect();
    let fitting = fitting_groups(index, query, &excluded);
    let candidates = fitting.iter().map(|f| f.group.len - f.excluded).sum();
    let top = query.top.min(candidates);
    let mut hits: Vec<Hit> = Vec::new();
    if top > 0 {
        for group in &fitting {
            hits.extend(nearest_of(index, group, &person, &excluded, top));
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
    query: &Query<'_>,
    excluded: &HashSet<u32>,
) -> Vec<CandidateGroup<'a>> {
    let mut groups: Vec<CandidateGroup> = index
        .groups
        .iter()
        .filter_map(|group| {
            let agreement = query.answers.agreement(&group.profile)?;
            let excluded = excluded.iter().filter(|dog| group.contains(**dog)).count();
            Some(CandidateGroup { group, agreement, excluded })
        })
        .collect();
    let counts: Vec<_> =
        groups.iter().map(|f| (f.agreement.agreed, f.group.len - f.excluded)).collect();
    let threshold = query.policy.threshold(query.answers, &counts);
    groups.retain(|f| f.agreement.agreed >= threshold);
    groups
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
