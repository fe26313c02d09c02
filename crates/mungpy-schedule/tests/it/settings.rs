//! What is accepted as a schedule, and what messages say.

use mungpy_core::reason::{Reason, WithReason};
use mungpy_schedule::{MAX_EXPRESSION_BYTES, Schedule, ScheduleError};

use crate::{schedule, utc};

fn refusal(cron: &str) -> ScheduleError {
    Schedule::parse(cron, "UTC").expect_err(cron)
}

#[test]
fn the_default_is_three_o_clock_in_seoul() {
    assert_eq!(Schedule::default().to_string(), "0 3 * * * (Asia/Seoul)");
    assert_eq!(format!("{:?}", Schedule::default()), "Schedule(0 3 * * * (Asia/Seoul))");
}

#[test]
fn blanks_and_names_are_read() {
    assert_eq!(schedule(" 0  3\t* * mon-fri ", "UTC").cron(), "0 3 * * mon-fri");
    let last_day = schedule("0 3 L JAN,FEB *", "UTC");
    assert_eq!(last_day.after(utc("2027-01-31T03:00")), utc("2027-02-28T03:00"));
    let sunday = schedule("0 3 * * 7", "UTC");
    assert_eq!(sunday.after(utc("2027-05-10T00:00")), utc("2027-05-16T03:00"));
}

#[test]
fn a_day_of_month_or_a_day_of_week_is_enough() {
    let either = schedule("0 3 13 * FRI", "UTC");
    assert_eq!(either.after(utc("2027-05-10T00:00")), utc("2027-05-13T03:00"));
    assert_eq!(either.after(utc("2027-05-13T03:00")), utc("2027-05-14T03:00"));
}

#[test]
fn messages_name_the_field_at_fault_and_give_an_example() {
    for (cron, field, text) in [
        ("60 3 * * *", "minute", "60"),
        ("5/10 3 * * *", "minute", "5/10"),
        ("*/0 3 * * *", "minute", "*/0"),
        ("1,,2 3 * * *", "minute", "1,,2"),
        ("0 24 * * *", "hour", "24"),
        ("0 5-1 * * *", "hour", "5-1"),
        ("0 three * * *", "hour", "three"),
        ("0 3 32 * *", "day of month", "32"),
        ("0 3 0 * *", "day of month", "0"),
        ("0 3 * 13 *", "month", "13"),
        ("0 3 * 셋 *", "month", "셋"),
        ("0 3 * * 8", "day of week", "8"),
        ("0 3 * * MON#6", "day of week", "MON#6"),
        ("0 3 * * -1", "day of week", "-1"),
    ] {
        let error = refusal(cron);
        let message = error.to_string();
        let named = matches!(&error, ScheduleError::Field { field: f, text: t, example, .. }
            if *f == field && t == text && Schedule::parse(example, "UTC").is_ok());
        assert!(named, "{cron}: {message}");
        assert!(message.contains(&format!("the {field} {text:?}")), "{message}");
        assert!(message.contains("e.g. `"), "{message}");
        assert_eq!(error.reason(), Reason::ConfigInvalid);
    }
}

#[test]
fn five_fields_are_wanted() {
    for (cron, count) in [("", 0), ("@daily", 1), ("0 3 * *", 4), ("0 0 3 * * *", 6)] {
        let error = refusal(cron);
        assert!(matches!(error, ScheduleError::FieldCount { fields, .. } if fields == count));
        assert!(error.to_string().contains(&format!("has {count} fields instead of 5")));
    }
}

#[test]
fn an_expression_that_never_fires_is_refused() {
    for cron in ["0 3 31 2 *", "0 3 30 FEB *", "0 3 31 4,6,9,11 *", "0 3 * * L"] {
        let error = refusal(cron);
        assert!(matches!(error, ScheduleError::NeverFires { .. }), "{cron}: {error}");
    }
    // Rare is not never: 29 February on a Monday comes every 28 years.
    let rare = schedule("0 3 29 2 +MON", "UTC");
    assert_eq!(rare.after(utc("2025-01-01T00:00")), utc("2044-02-29T03:00"));
    assert_eq!(rare.after(utc("2072-02-29T03:00")), utc("2112-02-29T03:00"));
}

#[test]
fn a_long_expression_is_refused_unread() {
    let error = refusal(&format!("{}0 3 * * *", "0,".repeat(MAX_EXPRESSION_BYTES)));
    assert!(error.to_string().contains("1033 bytes, and at most 512"), "{error}");
    let all: Vec<String> = (0..60).map(|minute| minute.to_string()).collect();
    let hours = all[..24].join(",");
    assert!(Schedule::parse(&format!("{} {hours} * * *", all.join(",")), "UTC").is_ok());
}

#[test]
fn an_unknown_time_zone_is_refused() {
    for zone in ["", "KST", "asia/seoul", "+09:00", "Asia/Pyeongtaek"] {
        let error = Schedule::parse("0 3 * * *", zone).expect_err(zone);
        let expected = format!(
            "time zone {zone:?} is unknown: write an IANA name, e.g. `Asia/Seoul` or `UTC`"
        );
        assert_eq!(error.to_string(), expected);
    }
    let error = Schedule::parse("0 3 * * *", &"z".repeat(9_999)).unwrap_err();
    assert!(error.to_string().len() < 200);
}

#[test]
fn settings_keep_a_schedule() {
    let schedule = schedule("30 2 * * MON", "Europe/Berlin");
    let text = serde_json::to_string(&schedule).unwrap();
    assert_eq!(text, r#"{"cron":"30 2 * * MON","zone":"Europe/Berlin"}"#);
    assert_eq!(serde_json::from_str::<Schedule>(&text).unwrap(), schedule);
    assert_eq!(serde_json::from_str::<Schedule>("{}").unwrap(), Schedule::default());
    for wrong in [r#"{"cron":"0 25 * * *"}"#, r#"{"zone":"Seoul"}"#, r#"{"corn":"0 3 * * *"}"#] {
        assert!(serde_json::from_str::<Schedule>(wrong).is_err(), "{wrong}");
    }
}
