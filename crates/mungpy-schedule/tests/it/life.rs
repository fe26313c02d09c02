//! The loop through downtime, failures, long jobs and clocks that jump.

use chrono::{TimeDelta, Utc};
use mungpy_schedule::{JobEnd, Schedule, Stop, Trigger, testing::FakeClock};

use crate::{Bench, Run, quick, schedule, utc};

/// A night on time.
fn scheduled(time: &str) -> Run {
    (utc(time), Trigger::Scheduled(utc(time)))
}

fn nightly() -> Schedule {
    schedule("0 3 * * *", "UTC")
}

#[test]
fn a_week_of_downtime_is_one_run() {
    let runs = Bench::new("2027-05-10T07:00", Some("2027-05-03T03:00")).run(
        nightly(),
        "2027-05-12T00:00",
        quick,
    );
    let caught_up = (utc("2027-05-10T07:00"), Trigger::CatchUp(utc("2027-05-10T03:00")));
    assert_eq!(runs, [caught_up, scheduled("2027-05-11T03:00")]);
}

#[test]
fn a_first_start_runs_at_once() {
    let runs = Bench::new("2027-05-10T07:00", None).run(nightly(), "2027-05-11T00:00", quick);
    assert_eq!(runs, [(utc("2027-05-10T07:00"), Trigger::CatchUp(utc("2027-05-10T03:00")))]);
}

#[test]
fn a_machine_that_slept_through_the_night_catches_up() {
    let runs = Bench::new("2027-05-10T23:00", Some("2027-05-10T03:00"))
        .at("2027-05-11T01:00", |clock, _| clock.set(utc("2027-05-11T08:00")))
        .run(nightly(), "2027-05-11T09:00", quick);
    assert_eq!(runs, [(utc("2027-05-11T08:00"), Trigger::CatchUp(utc("2027-05-11T03:00")))]);
}

#[test]
fn runs_do_not_pile_up_behind_a_long_job() {
    let hourly = schedule("0 * * * *", "UTC");
    let mut first = true;
    let runs = Bench::new("2027-05-10T00:30", Some("2027-05-10T00:00")).run(
        hourly,
        "2027-05-10T07:30",
        |clock, _, _| {
            if std::mem::take(&mut first) {
                clock.advance(TimeDelta::minutes(270));
            }
            JobEnd::Done
        },
    );
    let late = (utc("2027-05-10T05:30"), Trigger::CatchUp(utc("2027-05-10T05:00")));
    let expected = [
        scheduled("2027-05-10T01:00"),
        late,
        scheduled("2027-05-10T06:00"),
        scheduled("2027-05-10T07:00"),
    ];
    assert_eq!(runs, expected);
}

#[test]
fn a_failing_job_is_tried_again_until_the_next_night() {
    let fails_first_night = |clock: &FakeClock, trigger: Trigger, _: &Stop| {
        clock.advance(TimeDelta::minutes(10));
        match trigger {
            Trigger::Scheduled(time) if time > utc("2027-05-10T12:00") => JobEnd::Done,
            _ => JobEnd::Failed,
        }
    };
    let runs = Bench::new("2027-05-10T00:00", Some("2027-05-09T03:00")).run(
        nightly(),
        "2027-05-12T00:00",
        fails_first_night,
    );
    let expected = [
        scheduled("2027-05-10T03:00"),
        (utc("2027-05-10T03:15"), Trigger::Retry(1)),
        (utc("2027-05-10T03:40"), Trigger::Retry(2)),
        (utc("2027-05-10T04:50"), Trigger::Retry(3)),
        scheduled("2027-05-11T03:00"),
    ];
    assert_eq!(runs, expected);
}

#[test]
fn a_retry_that_succeeds_is_the_last() {
    let runs = Bench::new("2027-05-10T00:00", Some("2027-05-09T03:00")).run(
        nightly(),
        "2027-05-11T04:00",
        |_, trigger, _| match trigger {
            Trigger::Retry(1) => JobEnd::Done,
            Trigger::Scheduled(time) if time > utc("2027-05-10T12:00") => JobEnd::Done,
            _ => JobEnd::Failed,
        },
    );
    let retried = (utc("2027-05-10T03:05"), Trigger::Retry(1));
    assert_eq!(runs, [scheduled("2027-05-10T03:00"), retried, scheduled("2027-05-11T03:00")]);
}

#[test]
fn the_next_fire_time_comes_before_a_later_retry() {
    let runs = Bench::new("2027-05-10T00:00", Some("2027-05-10T00:00")).run(
        schedule("*/10 * * * *", "UTC"),
        "2027-05-10T00:29",
        |_, _, _| JobEnd::Failed,
    );
    let retry = |time| (utc(time), Trigger::Retry(1));
    let expected = [
        scheduled("2027-05-10T00:10"),
        retry("2027-05-10T00:15"),
        scheduled("2027-05-10T00:20"),
        retry("2027-05-10T00:25"),
    ];
    assert_eq!(runs, expected);
}

#[test]
fn a_clock_set_back_does_not_put_off_the_retry() {
    let mut failed = false;
    let runs = Bench::new("2027-05-10T02:00", Some("2027-05-09T03:00"))
        .at("2027-05-10T03:01", |clock, _| clock.set(utc("2027-05-09T20:00")))
        .run(nightly(), "2027-05-09T23:00", |_, _, _| {
            if std::mem::replace(&mut failed, true) { JobEnd::Done } else { JobEnd::Failed }
        });
    let retried = (utc("2027-05-09T20:05"), Trigger::Retry(1));
    assert_eq!(runs, [scheduled("2027-05-10T03:00"), retried]);
}

#[test]
fn a_run_on_demand_begins_at_once_and_serves_all_requests_before_it() {
    let runs = Bench::new("2027-05-10T05:00", Some("2027-05-10T03:00"))
        .at("2027-05-10T06:00", |_, stop| {
            stop.wake().request();
            stop.wake().request();
        })
        .run(nightly(), "2027-05-11T04:00", quick);
    let asked = (utc("2027-05-10T06:00"), Trigger::OnDemand);
    assert_eq!(runs, [asked, scheduled("2027-05-11T03:00")]);
}

#[test]
fn a_request_during_a_run_is_served_after_it() {
    let mut asked = false;
    let runs = Bench::new("2027-05-10T02:00", Some("2027-05-09T03:00")).run(
        nightly(),
        "2027-05-11T00:00",
        |clock, _, stop| {
            clock.advance(TimeDelta::minutes(20));
            if !std::mem::replace(&mut asked, true) {
                stop.wake().request();
            }
            JobEnd::Done
        },
    );
    let again = (utc("2027-05-10T03:20"), Trigger::OnDemand);
    assert_eq!(runs, [scheduled("2027-05-10T03:00"), again]);
}

#[test]
fn a_due_run_serves_the_request_too() {
    let bench = Bench::new("2027-05-10T07:00", None);
    bench.stop.wake().request();
    let runs = bench.run(nightly(), "2027-05-10T23:00", quick);
    assert_eq!(runs, [(utc("2027-05-10T07:00"), Trigger::CatchUp(utc("2027-05-10T03:00")))]);
}

#[test]
fn a_stop_during_a_run_is_the_end() {
    let runs =
        Bench::new("2027-05-10T07:00", None).run(nightly(), "2028-01-01T00:00", |_, _, stop| {
            stop.wake().request();
            stop.request();
            JobEnd::Failed
        });
    assert_eq!(runs.len(), 1);
}

#[test]
fn a_clock_set_back_by_an_hour_repeats_no_run() {
    let runs = Bench::new("2027-05-10T02:00", Some("2027-05-09T03:00"))
        .at("2027-05-10T03:30", |clock, _| clock.set(utc("2027-05-10T02:30")))
        .run(nightly(), "2027-05-11T04:00", quick);
    assert_eq!(runs, [scheduled("2027-05-10T03:00"), scheduled("2027-05-11T03:00")]);
}

#[test]
fn a_clock_set_back_by_a_month_causes_one_run_more() {
    let runs = Bench::new("2027-05-10T02:00", Some("2027-05-09T03:00"))
        .at("2027-05-10T03:30", |clock, _| clock.set(utc("2027-04-10T08:00")))
        .run(nightly(), "2027-04-12T00:00", quick);
    let again = (utc("2027-04-10T08:00"), Trigger::CatchUp(utc("2027-04-10T03:00")));
    let expected = [scheduled("2027-05-10T03:00"), again, scheduled("2027-04-11T03:00")];
    assert_eq!(runs, expected);
}

#[test]
fn a_clock_that_shows_1970_for_a_day_does_no_harm() {
    let runs = Bench::new("2027-05-10T02:00", Some("2027-05-09T03:00"))
        .at("2027-05-10T03:30", |clock, _| clock.set(utc("1970-01-01T00:00")))
        .at("1970-01-02T01:00", |clock, _| clock.set(utc("2027-05-11T04:30")))
        .run(nightly(), "2027-05-12T04:00", quick);
    let expected = [
        scheduled("2027-05-10T03:00"),
        (utc("1970-01-01T00:00"), Trigger::CatchUp(utc("1969-12-31T03:00"))),
        scheduled("1970-01-01T03:00"),
        (utc("2027-05-11T04:30"), Trigger::CatchUp(utc("2027-05-11T03:00"))),
        scheduled("2027-05-12T03:00"),
    ];
    assert_eq!(runs, expected);
}

#[test]
fn a_start_with_a_clock_far_ahead_does_not_block_the_nights_after_its_correction() {
    let runs = Bench::new("2050-01-01T12:00", Some("2027-05-10T03:00"))
        .at("2050-01-01T12:10", |clock, _| clock.set(utc("2027-05-10T08:00")))
        .run(nightly(), "2027-05-11T04:00", quick);
    let expected = [
        (utc("2050-01-01T12:00"), Trigger::CatchUp(utc("2050-01-01T03:00"))),
        (utc("2027-05-10T08:00"), Trigger::CatchUp(utc("2027-05-10T03:00"))),
        scheduled("2027-05-11T03:00"),
    ];
    assert_eq!(runs, expected);
}

/// The record of a run of 2099 stays, as if nobody ever wrote a newer one.
#[test]
fn a_record_from_the_future_that_stays_causes_no_loop() {
    let clock = FakeClock::new(utc("2027-05-10T08:00"));
    let stop = Stop::new();
    let ending = stop.clone();
    clock.at(utc("2027-05-13T00:00"), move |_| ending.request());
    let mut runs = 0;
    let last = || Some(utc("2099-01-01T00:00"));
    mungpy_schedule::Scheduler::new(nightly(), clock).run(last, &stop, |_, _| {
        runs += 1;
        assert!(runs < 10, "the loop runs wild");
        JobEnd::Done
    });
    // At once, and on the 11th and 12th.
    assert_eq!(runs, 3);
}

#[test]
fn a_run_of_another_process_counts() {
    let clock = FakeClock::new(utc("2027-05-10T08:00"));
    let stop = Stop::new();
    let ending = stop.clone();
    clock.at(utc("2027-05-10T23:00"), move |_| ending.request());
    let last = || Some(utc("2027-05-10T03:30"));
    let mut runs = Vec::<chrono::DateTime<Utc>>::new();
    mungpy_schedule::Scheduler::new(nightly(), clock.clone()).run(last, &stop, |_, _| {
        runs.push(mungpy_schedule::Clock::now(&clock));
        JobEnd::Done
    });
    assert!(runs.is_empty(), "{runs:?}");
}

#[test]
fn triggers_can_be_read() {
    let time = utc("2027-05-10T03:00");
    for (trigger, text) in [
        (Trigger::Scheduled(time), "scheduled for 2027-05-10T03:00:00Z"),
        (Trigger::CatchUp(time), "catching up with 2027-05-10T03:00:00Z"),
        (Trigger::OnDemand, "on demand"),
        (Trigger::Retry(2), "try 2 after a failure"),
    ] {
        assert_eq!(trigger.to_string(), text);
    }
}
