//! Dogs that could not be measured through no fault of their photos, and are tried again.

use chrono::{DateTime, TimeDelta, Utc};
use mungpy_core::reason::Reason;
use mungpy_proto::store;
use mungpy_source::ListedDog;

use super::frame;

/// Pause after the first failure; each further one doubles it.
const FIRST_PAUSE: TimeDelta = TimeDelta::hours(1);
/// Longest pause. A batch at a fixed time of the day must not just miss its turn.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(20);

/// A dog that is tried again.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Name of the source that lists it.
    pub source: String,
    /// The dog as it was listed.
    pub dog: ListedDog,
    /// Why it could not be measured.
    pub reason: Reason,
    /// The reason in words.
    pub message: String,
    /// How often it was tried, at least once.
    pub attempts: u32,
    /// When to try again.
    pub next_try: DateTime<Utc>,
}

impl Trial {
    /// When to try again after so many attempts.
    pub fn next_after(attempts: u32, now: DateTime<Utc>) -> DateTime<Utc> {
        let doublings = attempts.saturating_sub(1).min(8);
        now + (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE)
    }

    /// Whether to try again now. A clock that was wrong must not put it off for ever.
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.next_try <= now || self.next_try > now + LONGEST_PAUSE
    }

    /// Encodes checksum and protobuf message.
    pub fn encode(&self) -> Vec<u8> {
        frame::encode(&store::Trial {
            source: self.source.clone(),
            listed: serde_json::to_string(&self.dog).expect("a listed dog is plain data"),
            reason: self.reason.code().to_owned(),
            message: self.message.clone(),
            attempts: self.attempts,
            next_try: self.next_try.timestamp(),
        })
    }

    /// Decodes a trial; `None` if the bytes are damaged.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let trial: store::Trial = frame::decode(bytes)?;
        Some(Self {
            source: trial.source,
            dog: serde_json::from_str(&trial.listed).ok()?,
            reason: Reason::from_code(&trial.reason)?,
            message: trial.message,
            attempts: trial.attempts,
            next_try: DateTime::from_timestamp(trial.next_try, 0)?,
        })
    }
}

/// When a source was listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceState {
    /// Begin of the last complete run.
    pub listed_at: DateTime<Utc>,
    /// Begin of the last complete run that listed all dogs.
    pub listed_fully_at: DateTime<Utc>,
    /// Version of the models of the last run.
    pub model_version: String,
    /// What the source was made of.
    pub fingerprint: String,
}

impl SourceState {
    /// Encodes checksum and protobuf message.
    pub fn encode(&self) -> Vec<u8> {
        frame::encode(&store::SourceState {
            listed_at: self.listed_at.timestamp(),
            listed_fully_at: self.listed_fully_at.timestamp(),
            model_version: self.model_version.clone(),
            fingerprint: self.fingerprint.clone(),
        })
    }

    /// Decodes a state; `None` if the bytes are damaged.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let state: store::SourceState = frame::decode(bytes)?;
        Some(Self {
            listed_at: DateTime::from_timestamp(state.listed_at, 0)?,
            listed_fully_at: DateTime::from_timestamp(state.listed_fully_at, 0)?,
            model_version: state.model_version,
            fingerprint: state.fingerprint,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let now = DateTime::UNIX_EPOCH;
        let hours = |attempts| (Trial::next_after(attempts, now) - now).num_hours();
        assert_eq!([0, 1, 2, 3, 5, 6, 4_000_000_000].map(hours), [1, 1, 2, 4, 16, 20, 20]);
    }
}
