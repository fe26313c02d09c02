//! Schedules and their loop, through whole years and with clocks that are wrong.

mod daylight;
mod due;
mod life;
mod properties;
mod settings;
mod waiting;
mod year;

use std::{cell::RefCell, rc::Rc};

use chrono::{DateTime, Utc};
use mungpy_schedule::{JobEnd, Schedule, Scheduler, Stop, Trigger, testing::FakeClock};

fn schedule(cron: &str, zone: &str) -> Schedule {
    Schedule::parse(cron, zone).unwrap_or_else(|error| panic!("{error}"))
}

/// A time like `2027-03-14T07:00`, in UTC.
fn utc(time: &str) -> DateTime<Utc> {
    format!("{time}:00Z").parse().unwrap_or_else(|error| panic!("{time}: {error}"))
}

/// A loop on a fake clock, and the runs it began.
struct Bench {
    clock: FakeClock,
    stop: Stop,
    last: Rc<RefCell<Option<DateTime<Utc>>>>,
}

/// When a run began, and why.
type Run = (DateTime<Utc>, Trigger);

impl Bench {
    fn new(start: &str, last: Option<&str>) -> Self {
        Self {
            clock: FakeClock::new(utc(start)),
            stop: Stop::new(),
            last: Rc::new(RefCell::new(last.map(utc))),
        }
    }

    /// Does something when the clock shows `time`.
    fn at(self, time: &str, event: impl FnOnce(&FakeClock, &Stop) + Send + 'static) -> Self {
        let stop = self.stop.clone();
        self.clock.at(utc(time), move |clock| event(clock, &stop));
        self
    }

    /// Runs until `end`. A job that is done records when it began, as the batch does.
    fn run(
        self,
        schedule: Schedule,
        end: &str,
        mut job: impl FnMut(&FakeClock, Trigger, &Stop) -> JobEnd,
    ) -> Vec<Run> {
        let Self { clock, stop, last } = self.at(end, |_, stop| stop.request());
        let mut runs = Vec::new();
        let recorded = || *last.borrow();
        Scheduler::new(schedule, clock.clone()).run(recorded, &stop, |trigger, stop| {
            let began = mungpy_schedule::Clock::now(&clock);
            runs.push((began, trigger));
            assert!(runs.len() < 2_000, "the loop runs wild: {:?}", &runs[runs.len() - 5..]);
            let end = job(&clock, trigger, stop);
            if end == JobEnd::Done {
                *last.borrow_mut() = Some(began);
            }
            end
        });
        runs
    }
}

/// A job that takes no time.
fn quick(_: &FakeClock, _: Trigger, _: &Stop) -> JobEnd {
    JobEnd::Done
}
