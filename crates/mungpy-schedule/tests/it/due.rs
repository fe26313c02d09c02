//! Which fire time was missed.

use chrono::{DateTime, TimeDelta, Utc};
use mungpy_schedule::Schedule;

use crate::{schedule, utc};

/// 03:00 in Seoul on 10 May.
const FIRE: &str = "2027-05-09T18:00";

fn due(last: Option<&str>, now: &str) -> Option<DateTime<Utc>> {
    Schedule::default().due(last.map(utc), utc(now))
}

#[test]
fn a_first_start_is_due_at_once() {
    assert_eq!(due(None, "2027-05-10T07:00"), Some(utc(FIRE)));
}

#[test]
fn a_run_that_began_at_or_after_the_fire_time_has_done_it() {
    assert_eq!(due(Some(FIRE), "2027-05-09T18:00"), None);
    assert_eq!(due(Some("2027-05-09T23:00"), "2027-05-10T17:59"), None);
    assert_eq!(due(Some("2027-05-09T17:59"), "2027-05-09T18:00"), Some(utc(FIRE)));
    assert_eq!(due(Some("2027-05-09T17:59"), "2027-05-09T17:59"), None);
}

#[test]
fn of_many_missed_fire_times_the_latest_is_due() {
    assert_eq!(due(Some("2027-05-02T18:00"), "2027-05-10T07:00"), Some(utc(FIRE)));
    assert_eq!(due(Some("2017-01-01T00:00"), "2027-05-10T07:00"), Some(utc(FIRE)));
    let minutely = schedule("* * * * *", "UTC");
    let now = utc("2027-05-10T07:00");
    assert_eq!(minutely.due(Some(now - TimeDelta::days(365)), now), Some(now));
    let rare = schedule("0 0 29 2 *", "UTC");
    assert_eq!(rare.due(None, now), Some(utc("2024-02-29T00:00")));
    let weekly = schedule("* 3 * * MON", "UTC");
    assert_eq!(weekly.due(None, utc("2027-05-16T23:59")), Some(utc("2027-05-10T03:59")));
}

#[test]
fn a_last_run_less_than_a_day_ahead_counts() {
    assert_eq!(due(Some("2027-05-10T18:00"), FIRE), None);
}

#[test]
fn a_last_run_more_than_a_day_ahead_is_unknown() {
    assert_eq!(due(Some("2027-05-10T18:01"), FIRE), Some(utc(FIRE)));
    assert_eq!(due(Some("2099-01-01T00:00"), FIRE), Some(utc(FIRE)));
    assert_eq!(due(Some("2027-05-09T18:00"), "1970-01-01T00:00"), Some(utc("1969-12-31T18:00")));
}

#[test]
fn the_ends_of_the_calendar_are_no_trap() {
    let schedule = Schedule::default();
    let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    assert_eq!(schedule.after(last), last);
    assert!(schedule.after(first) > first);
    assert_eq!(schedule.due(None, first), None);
    assert_eq!(schedule.due(None, last), None);
}
