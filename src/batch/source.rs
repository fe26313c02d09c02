//! The sources of a batch, and the roster of dogs that they list together.

use std::{
    collections::{BTreeMap, HashSet, btree_map::Entry as Place},
    sync::Arc,
};

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use mungpy_core::{
    reason::{Reason, WithReason},
    temperament::Questionnaire,
};
use mungpy_schedule::Stop;
use mungpy_source::{DogSource, Fault, ListRequest, ListedDog, Listing, SourceError};

use super::{BatchError, known::Known};
use crate::catalogue::{Entry, SourceState};

/// A full pass that is due so soon is due now: a run at a fixed time begins some seconds sooner or
/// later each night.
const PUNCTUAL: TimeDelta = TimeDelta::minutes(10);

/// A source as the batch lists it.
pub struct BatchSource {
    /// Its name, unique among the sources. Records name their source by it.
    pub name: String,
    /// What it is made of. When that changes, all dogs are listed anew.
    pub fingerprint: String,
    /// How long a source that can tells only what has changed, before it lists all dogs again.
    pub full_every: TimeDelta,
    /// The source.
    pub source: Box<dyn DogSource>,
}

impl BatchSource {
    /// A source on its own, which lists all dogs each time.
    pub fn single(source: impl DogSource + 'static) -> Self {
        let name = "source".to_owned();
        let fingerprint = String::new();
        Self { name, fingerprint, full_every: TimeDelta::zero(), source: Box::new(source) }
    }
}

/// A dog and the source that lists it.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) dog: ListedDog,
    pub(super) source: Arc<str>,
}

/// When a run begins, and what it asks the sources for.
pub(super) struct Occasion<'a> {
    pub(super) questionnaire: &'a Questionnaire,
    pub(super) now: DateTime<Utc>,
    /// Version of the models; dogs of other models must be listed anew.
    pub(super) model_version: &'a str,
    /// Replaces what is remembered of earlier runs.
    pub(super) since: Option<DateTime<Utc>>,
    /// Whether all sources list all their dogs.
    pub(super) full: bool,
    /// Whether a source may be empty although dogs of it are known.
    pub(super) allow_empty: bool,
    /// Ends the roll call between two sources.
    pub(super) stop: &'a Stop,
}

impl Occasion<'_> {
    fn check_stop(&self) -> Result<(), BatchError> {
        let (done, listed) = (0, 0);
        if self.stop.is_requested() { Err(BatchError::Cancelled { done, listed }) } else { Ok(()) }
    }
}

/// What all sources list together.
#[derive(Default)]
pub(super) struct Roster {
    /// The dogs, sorted by id.
    pub(super) dogs: Vec<Listed>,
    pub(super) faults: Vec<Fault>,
    /// Names of the sources that failed.
    pub(super) failed: Vec<String>,
    /// Ids of dogs that are there, while their photos could not be listed.
    unlisted: HashSet<String>,
    /// Sources, and ids of dogs that they say can no longer be adopted.
    gone: HashSet<(Arc<str>, String)>,
    /// Sources, and ids of dogs that somebody took away one by one.
    deleted: HashSet<(Arc<str>, String)>,
    /// Sources that failed, or told only a part: what they do not list stays.
    partial: HashSet<Arc<str>>,
    /// All sources of the run.
    names: HashSet<Arc<str>>,
    /// What to remember of the sources once the run is complete.
    pub(super) states: Vec<(Arc<str>, SourceState)>,
    ids: HashSet<String>,
    /// How many sources were listed.
    asked: usize,
}

impl Roster {
    /// Asks all sources. One that fails leaves its dogs as they are, unless it is the only one.
    pub(super) fn call(
        sources: &[BatchSource],
        known: &Known,
        occasion: &Occasion<'_>,
    ) -> Result<Self, BatchError> {
        let mut roster = Self::default();
        let mut dogs = BTreeMap::new();
        roster.names = sources.iter().map(|source| source.name.as_str().into()).collect();
        for source in sources {
            occasion.check_stop()?;
            let state = known.state(&source.name);
            let request = request_for(source, state, occasion);
            let listed = source.source.list(&request).map_err(BatchError::from);
            let listed = listed.and_then(|listing| checked(source, listing, known, occasion));
            match listed {
                Ok(listing) => roster.add(source, listing, state, occasion, &mut dogs),
                Err(error) if sources.len() == 1 => return Err(error),
                Err(error) => roster.fail(source, &error),
            }
        }
        if roster.asked == 0 {
            return Err(BatchError::Source(SourceError::AllFailed { sources: sources.len() }));
        }
        roster.add_trials(known, occasion, &mut dogs);
        roster.dogs = dogs.into_values().collect();
        roster.ids = roster.dogs.iter().map(|listed| listed.dog.dog_id.clone()).collect();
        // A photo of the same name stands for the dog.
        roster.unlisted.retain(|dog_id| !roster.ids.contains(dog_id));
        Ok(roster)
    }

    /// Notes a source that failed; its dogs stay.
    fn fail(&mut self, source: &BatchSource, error: &BatchError) {
        tracing::error!(source = source.name, %error, "source failed; its dogs stay as they are");
        self.partial.insert(source.name.as_str().into());
        self.failed.push(source.name.clone());
        let (dog_id, message) = (format!("source {}", source.name), error.to_string());
        self.faults.push(Fault { dog_id, reason: error.reason(), message });
    }

    fn add(
        &mut self,
        source: &BatchSource,
        listing: Listing,
        state: Option<&SourceState>,
        occasion: &Occasion<'_>,
        dogs: &mut BTreeMap<String, Listed>,
    ) {
        let name: Arc<str> = source.name.as_str().into();
        self.faults.extend(listing.faults);
        self.unlisted.extend(listing.unlisted);
        self.gone.extend(listing.gone.into_iter().map(|dog_id| (Arc::clone(&name), dog_id)));
        let deleted = listing.deleted.into_iter().map(|dog_id| (Arc::clone(&name), dog_id));
        for place in deleted {
            self.gone.insert(place.clone());
            self.deleted.insert(place);
        }
        for mut dog in listing.dogs {
            // Records hold whole seconds.
            dog.expires_at = dog.expires_at.and_then(|time| time.with_nanosecond(0));
            match dogs.entry(dog.dog_id.clone()) {
                Place::Vacant(place) => {
                    place.insert(Listed { dog, source: Arc::clone(&name) });
                }
                Place::Occupied(first) => self.faults.push(Fault {
                    message: format!(
                        "sources {} and {} both list this id, and the first is kept; give one of them a prefix",
                        first.get().source, name
                    ),
                    dog_id: dog.dog_id,
                    reason: Reason::DuplicateDogId,
                }),
            }
        }
        self.asked += 1;
        let is_part = listing.is_of_changes || listing.is_incomplete;
        let before = state.map(|state| state.listed_fully_at);
        if let Some(listed_fully_at) = if is_part { before } else { Some(occasion.now) } {
            self.states.push((
                Arc::clone(&name),
                SourceState {
                    listed_at: occasion.now,
                    listed_fully_at,
                    model_version: occasion.model_version.to_owned(),
                    fingerprint: source.fingerprint.clone(),
                },
            ));
        }
        if is_part {
            self.partial.insert(name);
        }
    }

    /// Adds the dogs that failed before and that a listing of changes does not repeat.
    fn add_trials(
        &mut self,
        known: &Known,
        occasion: &Occasion<'_>,
        dogs: &mut BTreeMap<String, Listed>,
    ) {
        for (dog_id, trial) in known.trials() {
            let Some(source) = self.partial.get(trial.source.as_str()) else { continue };
            let is_gone = self.gone.contains(&(Arc::clone(source), dog_id.clone()));
            if trial.is_due(occasion.now) && !is_gone {
                let listed = || Listed { dog: trial.dog.clone(), source: Arc::clone(source) };
                dogs.entry(dog_id.clone()).or_insert_with(listed);
            }
        }
    }

    /// Whether the dog of an entry is gone.
    pub(super) fn lacks(&self, entry: &Entry) -> bool {
        let dog_id = entry.dog_id();
        if self.holds(dog_id) {
            return false;
        }
        let source = entry.source();
        // A source that was renamed, and a store of version 0.2, leave dogs of unknown sources.
        let is_unknown = !self.names.contains(source);
        let stays = self.partial.contains(source) || (is_unknown && !self.partial.is_empty());
        self.gone.contains(&(source.into(), dog_id.to_owned())) || !stays
    }

    /// Whether somebody has taken the dog away.
    pub(super) fn is_deleted(&self, entry: &Entry) -> bool {
        let place = (entry.source().into(), entry.dog_id().to_owned());
        !self.holds(entry.dog_id()) && self.deleted.contains(&place)
    }

    /// Whether a dog that was to be tried again is gone.
    pub(super) fn lacks_trial(&self, dog_id: &str, source: &str) -> bool {
        let is_gone = || self.gone.contains(&(source.into(), dog_id.to_owned()));
        !self.holds(dog_id) && (!self.partial.contains(source) || is_gone())
    }

    /// Whether a source has listed the dog in this run.
    pub(super) fn lists(&self, dog_id: &str) -> bool {
        self.ids.contains(dog_id)
    }

    /// Whether a dog is there, also if its photos could not be listed.
    pub(super) fn holds(&self, dog_id: &str) -> bool {
        self.ids.contains(dog_id) || self.unlisted.contains(dog_id)
    }

    /// Whether no source lists any dog, and all were asked for all of them.
    pub(super) fn is_empty(&self) -> bool {
        self.dogs.is_empty() && self.unlisted.is_empty() && self.partial.is_empty()
    }
}

/// What to ask a source for: what has changed since the last run if that is enough.
fn request_for<'a>(
    source: &BatchSource,
    state: Option<&SourceState>,
    occasion: &Occasion<'a>,
) -> ListRequest<'a> {
    let remembered = state.filter(|state| {
        let age = occasion.now - state.listed_fully_at;
        // A clock that was set back makes what is remembered useless.
        let is_fresh = age >= TimeDelta::zero()
            && age < source.full_every - PUNCTUAL
            && state.listed_at <= occasion.now;
        let is_same = state.fingerprint == source.fingerprint;
        is_fresh && is_same && state.model_version == occasion.model_version && !occasion.full
    });
    let since = occasion.since.or(remembered.map(|state| state.listed_at));
    ListRequest { questionnaire: occasion.questionnaire, since, now: occasion.now }
}

/// The listing, unless it is empty although dogs of the source are known.
fn checked(
    source: &BatchSource,
    listing: Listing,
    known: &Known,
    occasion: &Occasion<'_>,
) -> Result<Listing, BatchError> {
    let is_empty = listing.dogs.is_empty() && listing.unlisted.is_empty() && !listing.is_of_changes;
    let is_lost = |entry: &&Entry| !listing.deleted.contains(entry.dog_id());
    let dogs = known.of_source(&source.name).filter(is_lost).count();
    if is_empty && dogs > 0 && !occasion.allow_empty {
        return Err(BatchError::SourceEmpty { name: source.source.name(), known: dogs });
    }
    Ok(listing)
}
