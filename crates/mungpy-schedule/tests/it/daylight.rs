//! Fire times on the days on which clocks are set.

use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use crate::{schedule, utc};

/// The fire times of two days.
fn fires(cron: &str, zone: &str, from: &str) -> Vec<String> {
    let schedule = schedule(cron, zone);
    let (mut time, end) = (utc(from), utc(from) + TimeDelta::days(2));
    std::iter::from_fn(|| {
        time = schedule.after(time);
        (time < end).then(|| time.format("%dT%R").to_string())
    })
    .collect()
}

#[test]
fn every_half_hour_is_half_an_hour_of_real_time() {
    for (zone, from) in [
        ("America/New_York", "2027-03-14T00:00"),
        ("America/New_York", "2027-11-07T00:00"),
        ("Europe/Berlin", "2027-10-31T00:00"),
        ("Australia/Lord_Howe", "2027-04-03T00:00"),
        ("Australia/Lord_Howe", "2027-10-02T00:00"),
    ] {
        let schedule = schedule("*/30 * * * *", zone);
        let mut time = utc(from);
        for _ in 0..96 {
            assert_eq!(schedule.after(time), time + TimeDelta::minutes(30), "{zone} after {time}");
            time += TimeDelta::minutes(30);
        }
    }
}

#[test]
fn all_of_several_times_in_a_gap_are_one_run_after_it() {
    // 02:00 to 03:00 does not exist on 14 March.
    let named = fires("*/20 2,3 * * *", "America/New_York", "2027-03-14T05:00");
    let day = ["14T07:00", "14T07:20", "14T07:40"];
    let next = ["15T06:00", "15T06:20", "15T06:40", "15T07:00", "15T07:20", "15T07:40"];
    assert_eq!(named, [&day[..], &next[..]].concat());
}

#[test]
fn each_of_several_named_times_runs_once_when_the_clock_shows_it_twice() {
    let named = fires("30 1,13 * * *", "America/New_York", "2027-11-07T05:00");
    assert_eq!(named, ["07T05:30", "07T18:30", "08T06:30", "08T18:30"]);
}

#[test]
fn nothing_fires_again_in_the_hour_that_comes_twice() {
    let schedule = schedule("30 1 * * *", "America/New_York");
    let first = utc("2027-11-07T05:30");
    assert_eq!(schedule.after(first - TimeDelta::minutes(1)), first);
    // 06:10 is 01:10 for the second time.
    for time in [first, utc("2027-11-07T06:10"), utc("2027-11-07T06:30")] {
        assert_eq!(schedule.after(time), utc("2027-11-08T06:30"), "after {time}");
    }
}

#[test]
fn a_day_that_a_country_skipped_fires_when_the_next_begins() {
    // Samoa had no 30 December 2011.
    let fires = fires("0 12 * * *", "Pacific/Apia", "2011-12-29T12:00");
    assert_eq!(fires, ["29T22:00", "30T10:00", "30T22:00"]);
}

/// Fire times by their definition: one walks through the minutes and looks at the clock.
fn by_definition(
    names_hours: bool,
    matches: impl Fn(NaiveTime) -> bool,
    zone: Tz,
    (from, end): (DateTime<Utc>, DateTime<Utc>),
) -> Vec<DateTime<Utc>> {
    let local = |time: DateTime<Utc>| time.with_timezone(&zone).naive_local();
    let minute = TimeDelta::minutes(1);
    let mut highest: NaiveDateTime = local(from);
    let mut fires = Vec::new();
    let mut time = from;
    while time + minute < end {
        time += minute;
        let shown = local(time);
        let fired = if names_hours {
            let mut passed = false;
            while highest < shown {
                highest += minute;
                passed |= matches(highest.time());
            }
            passed
        } else {
            matches(shown.time())
        };
        if fired {
            fires.push(time);
        }
    }
    fires
}

#[test]
fn fire_times_are_those_of_the_definition_around_each_change() {
    type Matches = fn(NaiveTime) -> bool;
    let expressions: [(&str, bool, Matches); 5] = [
        ("*/20 * * * *", false, |time| time.minute() % 20 == 0),
        ("7 * * * *", false, |time| time.minute() == 7),
        ("*/25 0-3 * * *", true, |time| time.hour() < 4 && time.minute() % 25 == 0),
        ("59 23 * * *", true, |time| (time.hour(), time.minute()) == (23, 59)),
        ("30 */2 * * *", true, |time| time.hour() % 2 == 0 && time.minute() == 30),
    ];
    for (zone, change) in [
        (Tz::America__New_York, "2027-03-14T07:00"),
        (Tz::America__New_York, "2027-11-07T06:00"),
        (Tz::Europe__Berlin, "2027-03-28T01:00"),
        (Tz::Australia__Lord_Howe, "2027-04-03T15:00"),
        (Tz::Australia__Lord_Howe, "2027-10-02T15:30"),
        // At midnight: to 01:00, and back to 23:00 of the day before.
        (Tz::America__Santiago, "2027-09-05T04:00"),
        (Tz::America__Santiago, "2027-04-04T03:00"),
        (Tz::America__Havana, "2027-11-07T05:00"),
    ] {
        let span = (utc(change) - TimeDelta::hours(30), utc(change) + TimeDelta::hours(30));
        for (cron, names_hours, matches) in expressions {
            let schedule = schedule(cron, zone.name());
            let found: Vec<_> = std::iter::successors(Some(schedule.after(span.0)), |time| {
                Some(schedule.after(*time))
            })
            .take_while(|time| *time < span.1)
            .collect();
            let expected = by_definition(names_hours, matches, zone, span);
            assert_eq!(found, expected, "{cron} in {zone} around {change}");
        }
    }
}
