//! The loop that waits, runs the job, catches up and tries again.

use std::fmt;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::{Clock, Schedule, Stop, schedule::is_credible};

/// How long after a failure the job is tried again. After the last try it waits for the next fire time.
pub const BACK_OFF: [TimeDelta; 3] =
    [TimeDelta::minutes(5), TimeDelta::minutes(15), TimeDelta::hours(1)];

/// A run that begins later than this after its fire time catches up.
const PUNCTUAL: TimeDelta = TimeDelta::minutes(1);

/// Why a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// This fire time has come.
    Scheduled(DateTime<Utc>),
    /// This fire time, the latest of those that were missed, is done late.
    CatchUp(DateTime<Utc>),
    /// Somebody asked for it.
    OnDemand,
    /// The runs before it failed; this is the n-th try again.
    Retry(usize),
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |time: &DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        match self {
            Self::Scheduled(time) => write!(f, "scheduled for {}", shown(time)),
            Self::CatchUp(time) => write!(f, "catching up with {}", shown(time)),
            Self::OnDemand => f.write_str("on demand"),
            Self::Retry(number) => write!(f, "try {number} after a failure"),
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobEnd {
    /// Nothing is left to do before the next fire time. A run that a person cancelled ends so too.
    Done,
    /// The run failed, or could not begin, e.g. because another process runs the batch.
    Failed,
}

/// Runs a job by a schedule.
#[derive(Debug, Clone)]
pub struct Scheduler<C> {
    schedule: Schedule,
    clock: C,
}

impl<C: Clock> Scheduler<C> {
    /// Runs jobs when `schedule` fires by `clock`.
    pub fn new(schedule: Schedule, clock: C) -> Self {
        Self { schedule, clock }
    }

    /// Runs `job` whenever it is due or asked for, until `stop` is requested.
    ///
    /// `last` tells when the last run began, those of other processes included. It is asked before
    /// each decision. It should tell the run that was recorded last, which a wrong clock may have
    /// dated later than others. A run of this loop that failed need not be recorded.
    ///
    /// `job` gets `stop`, so that it can end early; the loop then returns without another run. If
    /// `job` panics, so does this.
    pub fn run(
        &self,
        last: impl Fn() -> Option<DateTime<Utc>>,
        stop: &Stop,
        mut job: impl FnMut(Trigger, &Stop) -> JobEnd,
    ) {
        let mut memory = Memory::default();
        while !stop.is_requested() {
            let now = self.clock.now();
            match memory.plan(&self.schedule, last(), stop.is_wake_requested(), now) {
                Plan::Run(trigger) => {
                    // Whatever starts this run, it serves the request too.
                    stop.take_wake();
                    let end = job(trigger, stop);
                    memory.record(trigger, now, end, self.clock.now());
                }
                Plan::Wait(when) => {
                    self.clock.wait_until(when, stop);
                }
            }
        }
    }
}

/// What to do next.
enum Plan {
    Run(Trigger),
    Wait(DateTime<Utc>),
}

/// What the loop knows of its runs.
#[derive(Default)]
struct Memory {
    /// When the last run began, failed or not. This keeps a failed or unrecorded run from being due
    /// again at once.
    began: Option<DateTime<Utc>>,
    retry: Option<Retry>,
}

struct Retry {
    number: usize,
    at: DateTime<Utc>,
    delay: TimeDelta,
}

impl Memory {
    fn plan(
        &mut self,
        schedule: &Schedule,
        recorded: Option<DateTime<Utc>>,
        wanted: bool,
        now: DateTime<Utc>,
    ) -> Plan {
        if let Some(fire) = schedule.due(self.last(recorded, now), now) {
            let is_punctual = now.signed_duration_since(fire) <= PUNCTUAL;
            let trigger = if is_punctual { Trigger::Scheduled } else { Trigger::CatchUp };
            return Plan::Run(trigger(fire));
        }
        if wanted {
            return Plan::Run(Trigger::OnDemand);
        }
        let next = schedule.after(now);
        let Some(retry) = &mut self.retry else { return Plan::Wait(next) };
        // If the clock was set back, the try must not wait for the old time to come again.
        retry.at = retry.at.min(now + retry.delay);
        if retry.at <= now {
            Plan::Run(Trigger::Retry(retry.number))
        } else {
            Plan::Wait(retry.at.min(next))
        }
    }

    /// The last run that is known. A wrong clock's record must not hide one that can be true.
    fn last(&self, recorded: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let known = [self.began, recorded].into_iter().flatten();
        known.filter(|began| is_credible(*began, now)).max()
    }

    fn record(
        &mut self,
        trigger: Trigger,
        began: DateTime<Utc>,
        end: JobEnd,
        ended: DateTime<Utc>,
    ) {
        let failures = match (end, trigger) {
            (JobEnd::Done, _) => 0,
            (JobEnd::Failed, Trigger::Retry(number)) => number + 1,
            (JobEnd::Failed, _) => 1,
        };
        let delay = failures.checked_sub(1).and_then(|place| BACK_OFF.get(place));
        self.retry =
            delay.map(|delay| Retry { number: failures, at: ended + *delay, delay: *delay });
        self.began = Some(began);
    }
}
