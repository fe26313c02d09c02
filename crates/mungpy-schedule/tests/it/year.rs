//! Whole years on a fake clock.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use mungpy_schedule::Trigger;

use crate::{Bench, quick, schedule, utc};

/// The runs of a year of local time. All must be on time, and each local day must have exactly one.
fn runs_of(cron: &str, zone: Tz, year: i32) -> Vec<DateTime<Tz>> {
    let new_year = |year| {
        let midnight = zone.with_ymd_and_hms(year, 1, 1, 0, 0, 0).unwrap();
        midnight.to_utc().format("%FT%R").to_string()
    };
    let (start, end) = (new_year(year), new_year(year + 1));
    // A minute before, so that a run at midnight is not done yet.
    let last = (utc(&start) - TimeDelta::minutes(1)).format("%FT%R").to_string();
    let schedule = schedule(cron, zone.name());
    let runs = Bench::new(&start, Some(&last)).run(schedule, &end, quick);
    for (began, trigger) in &runs {
        assert_eq!(*trigger, Trigger::Scheduled(*began), "{cron} in {zone}");
    }
    let local: Vec<_> = runs.iter().map(|(began, _)| began.with_timezone(&zone)).collect();
    let days: BTreeSet<NaiveDate> = local.iter().map(DateTime::date_naive).collect();
    assert_eq!(days.len(), local.len(), "{cron} in {zone} runs twice on a day");
    let length = NaiveDate::from_ymd_opt(year, 12, 31).unwrap().ordinal() as usize;
    assert_eq!(local.len(), length, "{cron} in {zone} leaves a day out");
    local
}

/// The days on which the local time is not the one that the expression names.
fn days_apart(runs: &[DateTime<Tz>], hour: u32, minute: u32) -> Vec<String> {
    runs.iter()
        .filter(|run| (run.hour(), run.minute()) != (hour, minute))
        .map(|run| run.format("%F %R").to_string())
        .collect()
}

#[test]
fn seoul_runs_at_18_utc_each_day() {
    let runs = runs_of("0 3 * * *", Tz::Asia__Seoul, 2027);
    assert_eq!(runs.len(), 365);
    assert!(runs.iter().all(|run| run.to_utc().hour() == 18 && run.to_utc().minute() == 0));
}

#[test]
fn new_york_runs_at_its_own_three_o_clock() {
    let runs = runs_of("0 3 * * *", Tz::America__New_York, 2027);
    assert_eq!(days_apart(&runs, 3, 0), Vec::<String>::new());
    let summer = runs.iter().filter(|run| run.to_utc().hour() == 7).count();
    let winter = runs.iter().filter(|run| run.to_utc().hour() == 8).count();
    // From 14 March to 6 November.
    assert_eq!((summer, winter), (238, 127));
}

#[test]
fn a_time_that_the_clock_skips_runs_after_the_gap() {
    for (zone, skipped) in
        [(Tz::America__New_York, "2027-03-14 03:00"), (Tz::Europe__Berlin, "2027-03-28 03:00")]
    {
        let runs = runs_of("30 2 * * *", zone, 2027);
        assert_eq!(days_apart(&runs, 2, 30), [skipped]);
    }
    let runs = runs_of("15 2 * * *", Tz::Australia__Lord_Howe, 2027);
    assert_eq!(days_apart(&runs, 2, 15), ["2027-10-03 02:30"]);
    let runs = runs_of("0 0 * * *", Tz::America__Santiago, 2027);
    assert_eq!(days_apart(&runs, 0, 0), ["2027-09-05 01:00"]);
}

#[test]
fn a_time_that_the_clock_shows_twice_runs_the_first_time() {
    for (cron, zone, day, utc) in [
        ("30 1 * * *", Tz::America__New_York, (11, 7), "05:30"),
        ("30 2 * * *", Tz::Europe__Berlin, (10, 31), "00:30"),
        ("45 1 * * *", Tz::Australia__Lord_Howe, (4, 4), "14:45"),
    ] {
        let runs = runs_of(cron, zone, 2027);
        let run = runs.iter().find(|run| (run.month(), run.day()) == day).unwrap();
        assert_eq!(run.with_timezone(&Utc).format("%R").to_string(), utc, "{zone}");
    }
    assert_eq!(runs_of("30 1 * * *", Tz::Europe__Berlin, 2027).len(), 365);
}

#[test]
fn a_leap_year_has_a_run_more() {
    let runs = runs_of("0 3 * * *", Tz::Asia__Seoul, 2028);
    assert_eq!(runs.len(), 366);
    assert!(runs.iter().any(|run| (run.month(), run.day()) == (2, 29)));
    assert_eq!(runs_of("30 2 * * *", Tz::America__New_York, 2028).len(), 366);
}
