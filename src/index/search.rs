//! Exact search in two stages: the coarse distance filters, the whole refines.
//!
//! The coarse distance never exceeds the whole one, so a dog that the first
//! stage has not brought up cannot be nearer than the last that it has: when
//! enough refined dogs are nearer than that bound, the answer is final
//! (multi-step k-nearest-neighbour search: Seidl & Kriegel, SIGMOD 1998).

use std::{collections::HashSet, num::NonZero};

use super::{
    Found, Hit, Index, Query,
    group::{Group, Near},
};
use crate::{face::Species, resemblance::Embedding, temperament::Agreement};

/// Dogs that the first round brings up for the detailed comparison.
const FIRST_ROUND: usize = 48;

/// The tree sums in another order than [`Embedding::coarse_distance_squared`];
/// the bound gives way by more than such sums can differ.
const ROUNDING: f64 = 1.0 - 1e-12;

/// A group that fits the answers.
struct Fitting<'a> {
    group: &'a Group,
    agreement: Agreement,
    excluded: usize,
}

pub(super) fn search(index: &Index, query: &Query<'_>) -> Found {
    let person = index.space.embed(Species::Person, query.person);
    let excluded: HashSet<u32> =
        query.excluded.iter().filter_map(|id| index.numbers.get(id).copied()).collect();
    let fitting = fitting_groups(index, query, &excluded);
    let candidates = fitting.iter().map(|f| f.group.members.len() - f.excluded).sum();
    let top = query.top.min(candidates);
    let mut count = FIRST_ROUND.max(4 * top);
    loop {
        let (hits, bound) = round(index, &person, &fitting, &excluded, count);
        let complete = bound.is_none_or(|bound| {
            top == 0 || hits.get(top - 1).is_some_and(|hit| hit.distance_squared < bound)
        });
        if complete {
            return Found { hits: hits.into_iter().take(top).collect(), candidates };
        }
        count *= 4;
    }
}

fn fitting_groups<'a>(
    index: &'a Index,
    query: &Query<'_>,
    excluded: &HashSet<u32>,
) -> Vec<Fitting<'a>> {
    let mut groups: Vec<Fitting> = index
        .groups
        .iter()
        .filter_map(|group| {
            let agreement = query.answers.agreement(&group.profile)?;
            let is_member = |dog: &&u32| index.dogs[**dog as usize].profile == group.profile;
            Some(Fitting { group, agreement, excluded: excluded.iter().filter(is_member).count() })
        })
        .collect();
    let counts: Vec<_> =
        groups.iter().map(|f| (f.agreement.agreed, f.group.members.len() - f.excluded)).collect();
    let threshold = query.policy.threshold(query.answers, &counts);
    groups.retain(|f| f.agreement.agreed >= threshold);
    groups
}

/// Brings up `count` dogs and compares them in detail. The bound is the coarse
/// distance that no other dog is below; `None` when there is no other dog.
fn round(
    index: &Index,
    person: &Embedding,
    fitting: &[Fitting],
    excluded: &HashSet<u32>,
    count: usize,
) -> (Vec<Hit>, Option<f64>) {
    let mut hits = Vec::new();
    let mut bound: Option<f64> = None;
    let mut near: Vec<Near> = Vec::new();
    for f in fitting {
        near.clear();
        let count = NonZero::new(count + f.excluded).expect("at least one round");
        f.group.nearest(person, &index.embeddings, count, &mut near);
        if near.len() < f.group.members.len() {
            let last = near.iter().map(|n| n.coarse).fold(0.0, f64::max) * ROUNDING;
            bound = Some(bound.map_or(last, |bound| bound.min(last)));
        }
        hits.extend(near.iter().filter(|n| !excluded.contains(&n.dog)).map(|n| Hit {
            dog: n.dog,
            distance_squared: person.distance_squared(&index.embeddings[n.dog as usize]),
            agreement: f.agreement,
        }));
    }
    // Dogs are numbered in the order of their ids.
    hits.sort_by(|a, b| a.distance_squared.total_cmp(&b.distance_squared).then(a.dog.cmp(&b.dog)));
    (hits, bound)
}
