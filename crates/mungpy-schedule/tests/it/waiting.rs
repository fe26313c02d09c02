//! The loop on the clock of the system, in a thread of its own.

use std::{
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use chrono::{TimeDelta, Utc};
use mungpy_schedule::{Clock, JobEnd, Scheduler, Stop, SystemClock, Trigger, Waited};

use crate::schedule;

/// Less than the clock's step, so that a request that is noticed only by the step fails the test.
const HANGS: Duration = Duration::from_secs(15);

/// Starts a loop that has nothing to do before next year. The channel tells what it runs, and closes
/// when it ends.
fn idle_loop(stop: &Stop) -> Receiver<Trigger> {
    let (sender, runs) = channel();
    let stop = stop.clone();
    thread::spawn(move || {
        let began = Utc::now();
        let yearly = schedule("0 0 1 1 *", "UTC");
        Scheduler::new(yearly, SystemClock).run(
            || Some(began),
            &stop,
            |trigger, _| {
                sender.send(trigger).expect("the test listens");
                JobEnd::Done
            },
        );
    });
    runs
}

#[test]
fn a_stop_ends_the_wait_at_once() {
    let stop = Stop::new();
    let (sender, ends) = channel();
    let waiting = stop.clone();
    thread::spawn(move || {
        let when = Utc::now() + TimeDelta::days(365);
        sender.send(None).expect("the test listens");
        sender.send(Some(SystemClock.wait_until(when, &waiting))).expect("the test listens");
    });
    assert_eq!(ends.recv_timeout(HANGS), Ok(None));
    // Lets the thread reach its wait; if it has not, the stop is noticed before.
    thread::sleep(Duration::from_millis(100));
    stop.request();
    assert_eq!(ends.recv_timeout(HANGS), Ok(Some(Waited::Stopped)));
}

#[test]
fn a_request_ends_the_wait_and_runs_at_once() {
    let stop = Stop::new();
    let runs = idle_loop(&stop);
    for _ in 0..2 {
        thread::sleep(Duration::from_millis(50));
        stop.wake().request();
        assert_eq!(runs.recv_timeout(HANGS), Ok(Trigger::OnDemand));
    }
    stop.request();
    assert_eq!(
        runs.recv_timeout(HANGS),
        Err(std::sync::mpsc::RecvTimeoutError::Disconnected),
        "the loop ends"
    );
}

#[test]
fn a_loop_that_was_stopped_before_runs_nothing() {
    let stop = Stop::new();
    stop.request();
    let runs = idle_loop(&stop);
    assert!(stop.is_requested());
    assert_eq!(runs.iter().next(), None);
}

#[test]
fn a_wait_for_a_time_that_has_passed_ends_at_once() {
    let stop = Stop::new();
    let passed = Utc::now() - TimeDelta::days(1);
    assert_eq!(SystemClock.wait_until(passed, &stop), Waited::Reached);
    stop.wake().request();
    assert_eq!(SystemClock.wait_until(passed, &stop), Waited::Woken);
    stop.request();
    assert_eq!(SystemClock.wait_until(passed, &stop), Waited::Stopped);
}
