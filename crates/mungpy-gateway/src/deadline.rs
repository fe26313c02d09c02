//! When the answer of an engine must be there.

use std::time::Duration;

use tokio::time::Instant;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// How long the gateway waits for an engine, whatever the caller allows.
const LONGEST: Duration = Duration::from_secs(20);
/// How early a timer may ring.
const TICK: Duration = Duration::from_millis(1);

/// When the answer of an engine must be there: for its caller, and for the gateway.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    callers: Option<Instant>,
    ours: Option<Instant>,
}

impl Deadline {
    /// The deadline of a call that begins now. The time in which its request arrived counts for the
    /// caller only.
    pub(crate) fn of_call(callers: Option<Instant>) -> Self {
        Self { callers, ours: Some(Instant::now() + LONGEST) }
    }

    /// The deadline of a stream, which lasts as long as its caller wants.
    pub(crate) fn of_stream(callers: Option<Instant>) -> Self {
        Self { callers, ours: None }
    }

    /// How long is left, if there is a bound.
    pub(crate) fn left(&self) -> Option<Duration> {
        let first = self.callers.into_iter().chain(self.ours).min()?;
        Some(first.saturating_duration_since(Instant::now()))
    }

    /// Whether this failure says no more than that the caller waits no longer.
    pub(crate) fn was_callers(&self, status: &Status) -> bool {
        // Tonic's word for a timeout.
        let is_timeout =
            status.code() == Code::Cancelled && status.get_details_error_info().is_none();
        is_timeout && self.callers.is_some_and(|callers| callers <= Instant::now() + TICK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[test]
    fn the_gateways_own_limit_begins_with_the_call() {
        let nearly = LONGEST.mul_f64(0.75);
        assert!(Deadline::of_call(None).left().unwrap() > nearly);
        assert!(Deadline::of_call(Some(after(3600))).left().unwrap() > nearly);
        assert!(Deadline::of_call(Some(after(3600))).left().unwrap() <= LONGEST);
        assert!(Deadline::of_call(Some(after(2))).left().unwrap() <= Duration::from_secs(2));
        assert!(Deadline::of_call(Some(Instant::now())).left().unwrap().is_zero());
        assert!(Deadline::of_stream(None).left().is_none());
        assert!(Deadline::of_stream(Some(after(3600))).left().unwrap() > LONGEST);
    }

    #[test]
    fn a_timeout_is_the_callers_once_its_time_has_passed() {
        let timeout = Status::cancelled("Timeout expired");
        assert!(Deadline::of_call(Some(Instant::now())).was_callers(&timeout));
        assert!(!Deadline::of_call(Some(after(3600))).was_callers(&timeout));
        assert!(!Deadline::of_call(None).was_callers(&timeout));
        let other = Status::unavailable("gone");
        assert!(!Deadline::of_call(Some(Instant::now())).was_callers(&other));
    }
}
