//! Finds dogs although some demand leaves none, if the caller wants that.

use std::collections::HashSet;

use chrono::Utc;
use mungpy_core::{
    index::{Query, SearchResult},
    temperament::{Answers, Policy},
};
use mungpy_proto::v1::AttributeFilter;

use super::{MatchError, Person, Question, Snapshot};

/// A demand of a request that can be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Demand {
    /// The policy and the required answers.
    Temperament,
    /// The attribute filter with this number.
    Filter(usize),
}

/// The dogs that were found, and the demands that were dropped for them.
pub(super) struct Found {
    pub(super) result: SearchResult,
    pub(super) dropped: Vec<Demand>,
}

/// Searches for the dogs that fit; if there is none and the question allows it, for those that fit
/// without as few demands as possible.
///
/// # Errors
/// No dog fits, or the answer is not `wanted` any more.
pub(super) fn search(
    snapshot: &Snapshot,
    person: &Person,
    question: &Question,
    wanted: &dyn Fn() -> bool,
) -> Result<Found, MatchError> {
    let search = Search { wanted, ..Search::new(snapshot, person, question) };
    let result = search.run(&[])?;
    if !result.hits.is_empty() {
        return Ok(Found { result, dropped: Vec::new() });
    }
    let none = MatchError::NoCandidate { dogs: snapshot.index.len() };
    if !question.relax {
        return Err(none);
    }
    search.relaxed()?.ok_or(none)
}

struct Search<'a> {
    snapshot: &'a Snapshot,
    person: &'a Person,
    question: &'a Question,
    /// The exclusions, and the dogs that can no longer be adopted.
    excluded: HashSet<String>,
    unrequired: Answers,
    wanted: &'a dyn Fn() -> bool,
}

impl<'a> Search<'a> {
    fn new(snapshot: &'a Snapshot, person: &'a Person, question: &'a Question) -> Self {
        let mut excluded = question.excluded.clone();
        excluded.extend(snapshot.expired(Utc::now()).map(str::to_owned));
        let unrequired = question.answers.unrequired();
        Self { snapshot, person, question, excluded, unrequired, wanted: &|| true }
    }

    /// Searches without the demands that are dropped.
    fn run(&self, dropped: &[Demand]) -> Result<SearchResult, MatchError> {
        if !(self.wanted)() {
            return Err(MatchError::CallerGone);
        }
        let question = self.question;
        let (answers, policy) = if dropped.contains(&Demand::Temperament) {
            (&self.unrequired, Policy::AtLeast(0))
        } else {
            (&question.answers, question.policy)
        };
        let is_kept = |number: usize| !dropped.contains(&Demand::Filter(number));
        let filters = question.filters.iter().enumerate().filter(|(number, _)| is_kept(*number));
        let filters: Vec<AttributeFilter> = filters.map(|(_, filter)| filter.clone()).collect();
        let allowed = self.snapshot.passing(&filters).map(|dogs| dogs.numbers());
        Ok(self.snapshot.index.search(&Query {
            person: &self.person.measurement,
            answers,
            policy,
            top: question.top,
            excluded: &self.excluded,
            allowed: allowed.as_deref(),
        }))
    }

    /// Drops one demand after the other until a dog fits, and takes back those that were not in the
    /// way.
    fn relaxed(&self) -> Result<Option<Found>, MatchError> {
        let filters = (0..self.question.filters.len()).rev().map(Demand::Filter);
        let mut dropped = Vec::new();
        let mut result = None;
        for demand in [Demand::Temperament].into_iter().chain(filters) {
            dropped.push(demand);
            let found = self.run(&dropped)?;
            if !found.hits.is_empty() {
                result = Some(found);
                break;
            }
        }
        let Some(mut result) = result else { return Ok(None) };
        for demand in dropped.clone() {
            let fewer: Vec<Demand> = dropped.iter().copied().filter(|d| *d != demand).collect();
            let found = self.run(&fewer)?;
            if !found.hits.is_empty() {
                (dropped, result) = (fewer, found);
            }
        }
        Ok(Some(Found { result, dropped }))
    }
}
