//! The report of a batch, for people and programs.

use std::{collections::BTreeMap, fmt};

use mungpy_core::reason::Reason;
use mungpy_source::Fault;
use serde::Serialize;

use crate::catalogue::Rejection;

/// Something that cannot be matched, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// Id of the dog, or whatever identifies the entry instead.
    pub dog_id: String,
    /// Stable code of the reason.
    pub reason: &'static str,
    /// The reason in words.
    pub message: String,
}

impl Refusal {
    pub(super) fn new(dog_id: &str, reason: Reason, message: &str) -> Self {
        Self { dog_id: dog_id.to_owned(), reason: reason.code(), message: message.to_owned() }
    }
}

impl fmt::Display for Refusal {
    /// One line, whatever the source calls its dogs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = format!("{}: {} [{}]", self.dog_id, self.message, self.reason);
        for c in line.chars() {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        Ok(())
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::new(&fault.dog_id, fault.reason, &fault.message)
    }
}

/// The report of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchReport {
    /// Dogs measured because they are new or have new photos, or because the models changed.
    pub enrolled: usize,
    /// Dogs for which only traits or image id changed.
    pub updated: usize,
    /// Dogs without changes.
    pub unchanged: usize,
    /// Dogs no longer in the source.
    pub removed: usize,
    /// Dogs that wait for the next run, because this one has measured as many as it may.
    pub deferred: usize,
    /// Sources that failed, whose dogs stay as they are.
    pub failed_sources: Vec<String>,
    /// What was refused, including refusals already known.
    pub refusals: Vec<Refusal>,
    /// Number of dogs in the catalogue.
    pub dogs: usize,
    /// Version of the catalogue.
    pub version: u64,
    /// Whether a new catalogue was published; false if nothing changed.
    pub published: bool,
}

impl BatchReport {
    /// Notes what the sources list and cannot be used.
    pub(super) fn note(&mut self, faults: Vec<Fault>) {
        self.refusals.extend(faults.into_iter().map(Refusal::from));
    }

    /// Puts the refusals in the order of the dogs, whoever was done first.
    pub(super) fn sort(&mut self) {
        self.refusals.sort_by(|a, b| a.dog_id.cmp(&b.dog_id));
    }

    pub(super) fn refuse(&mut self, rejection: &Rejection) {
        let (reason, message) = (rejection.reason, &rejection.message);
        self.refusals.push(Refusal::new(&rejection.dog_id, reason, message));
    }

    /// The reason that refused most.
    pub(super) fn most_frequent_refusal(&self) -> Option<&'static str> {
        let counts = self.refusals_by_reason().into_iter();
        counts.max_by_key(|(_, count)| *count).map(|(reason, _)| reason)
    }

    /// Number of refusals for each reason.
    pub fn refusals_by_reason(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for refusal in &self.refusals {
            *counts.entry(refusal.reason).or_default() += 1;
        }
        counts
    }
}

impl fmt::Display for BatchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "enrolled {}, updated {}, unchanged {}, removed {}, rejected {}",
            self.enrolled,
            self.updated,
            self.unchanged,
            self.removed,
            self.refusals.len()
        )?;
        if !self.failed_sources.is_empty() {
            writeln!(f, "sources that failed: {}", self.failed_sources.join(", "))?;
        }
        if self.deferred > 0 {
            writeln!(f, "{} dogs wait for the next run", self.deferred)?;
        }
        for (reason, count) in self.refusals_by_reason() {
            writeln!(f, "  {count:>6}  {reason}")?;
        }
        let state = if self.published { "published" } else { "nothing new to publish" };
        write!(f, "catalogue version {}: {} dogs, {state}", self.version, self.dogs)
    }
}
