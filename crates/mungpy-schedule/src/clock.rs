//! Tells the time and waits for it.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::Stop;

/// Longest time between two looks at the clock. Waits are timed by a clock that stands still while the
/// machine sleeps and does not follow corrections, so a longer one would end late.
const STEP: Duration = Duration::from_secs(30);

/// Tells the time and waits for it.
pub trait Clock {
    /// The time now.
    fn now(&self) -> DateTime<Utc>;

    /// Waits until the clock shows `when`, unless something else comes first. It leaves requests as
    /// they are.
    fn wait_until(&self, when: DateTime<Utc>, stop: &Stop) -> Waited;
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// The time has come.
    Reached,
    /// The end was asked for.
    Stopped,
    /// A run was asked for.
    Woken,
    /// The clock shows less than when the wait began, so another time may come first.
    SetBack,
}

/// The clock of the system. It notices within 30 seconds that the machine has slept or that the clock
/// was set.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn wait_until(&self, when: DateTime<Utc>, stop: &Stop) -> Waited {
        wait(Utc::now, STEP, when, stop)
    }
}

fn wait(
    now: impl Fn() -> DateTime<Utc>,
    step: Duration,
    when: DateTime<Utc>,
    stop: &Stop,
) -> Waited {
    let began = now();
    let mut time = began;
    loop {
        if stop.is_requested() {
            return Waited::Stopped;
        } else if stop.is_wake_requested() {
            return Waited::Woken;
        } else if time < began {
            return Waited::SetBack;
        } else if time >= when {
            return Waited::Reached;
        }
        let left = when.signed_duration_since(time).to_std().unwrap_or(step);
        stop.pause(left.min(step));
        time = now();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use chrono::TimeDelta;

    use super::*;

    /// A clock that goes on by `pace` with each look, and shows `then` after the third.
    fn jumping(pace: TimeDelta, then: TimeDelta) -> impl Fn() -> DateTime<Utc> {
        let looks = Cell::new(0);
        move || {
            looks.set(looks.get() + 1);
            let shown = if looks.get() <= 3 { pace * looks.get() } else { then };
            DateTime::UNIX_EPOCH + shown
        }
    }

    fn wait_a_day(now: impl Fn() -> DateTime<Utc>) -> Waited {
        let when = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        wait(now, Duration::from_millis(1), when, &Stop::new())
    }

    #[test]
    fn a_clock_that_jumps_ahead_ends_the_wait() {
        let clock = jumping(TimeDelta::seconds(1), TimeDelta::days(30));
        assert_eq!(wait_a_day(clock), Waited::Reached);
    }

    #[test]
    fn a_clock_that_is_set_back_ends_the_wait() {
        let clock = jumping(TimeDelta::seconds(1), TimeDelta::days(-30));
        assert_eq!(wait_a_day(clock), Waited::SetBack);
    }

    #[test]
    fn a_clock_that_goes_back_within_the_wait_does_not_end_it() {
        let looks = Cell::new(0);
        let shown = [0, 600, 300, 900, 86_400];
        let clock = || {
            let time = DateTime::UNIX_EPOCH + TimeDelta::seconds(shown[looks.get()]);
            looks.set(looks.get() + 1);
            time
        };
        assert_eq!(wait_a_day(clock), Waited::Reached);
        assert_eq!(looks.get(), shown.len());
    }

    #[test]
    fn the_system_clock_waits_until_the_time_has_come() {
        let when = Utc::now() + TimeDelta::milliseconds(50);
        assert_eq!(SystemClock.wait_until(when, &Stop::new()), Waited::Reached);
        assert!(Utc::now() >= when);
    }
}
