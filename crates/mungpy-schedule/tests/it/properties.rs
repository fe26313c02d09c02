//! Properties of fire times, for random expressions.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use proptest::{collection::btree_set, option, prelude::*, sample::select};

use crate::schedule;

/// A field: its text, and the values that it lists; none for `*`.
type Field = (String, Option<BTreeSet<u32>>);

fn field(first: u32, last: u32, longest: usize) -> impl Strategy<Value = Field> {
    let list = option::of(btree_set(first..=last, 1..=longest)).prop_map(|values| {
        let text = values.as_ref().map_or_else(
            || "*".to_owned(),
            |values| values.iter().map(u32::to_string).collect::<Vec<_>>().join(","),
        );
        (text, values)
    });
    let step = (2..=20_u32).prop_map(move |step| {
        let values = (first..=last).step_by(step as usize).collect();
        (format!("*/{step}"), Some(values))
    });
    prop_oneof![3 => list, 1 => step]
}

#[derive(Debug, Clone)]
struct Fields {
    minute: Field,
    hour: Field,
    day: Field,
    weekday: Field,
}

fn fields() -> impl Strategy<Value = Fields> {
    (field(0, 59, 3), field(0, 23, 3), field(1, 31, 4), field(0, 6, 3))
        .prop_map(|(minute, hour, day, weekday)| Fields { minute, hour, day, weekday })
}

impl Fields {
    fn cron(&self) -> String {
        format!("{} {} {} * {}", self.minute.0, self.hour.0, self.day.0, self.weekday.0)
    }

    /// Whether cron fires in this minute, by the rules of its manual.
    fn matches(&self, time: DateTime<Utc>) -> bool {
        let holds = |field: &Field, value: u32| field.1.as_ref().is_none_or(|v| v.contains(&value));
        let day = holds(&self.day, time.day());
        let weekday = holds(&self.weekday, time.weekday().num_days_from_sunday());
        let both_given = self.day.1.is_some() && self.weekday.1.is_some();
        holds(&self.minute, time.minute())
            && holds(&self.hour, time.hour())
            && if both_given { day || weekday } else { day && weekday }
    }
}

fn time() -> impl Strategy<Value = DateTime<Utc>> {
    // From 2020 to 2040, with seconds.
    (1_577_836_800_i64..2_208_988_800, 0..1_000_000_000_u32)
        .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap())
}

fn zone() -> impl Strategy<Value = Tz> {
    select(vec![
        Tz::UTC,
        Tz::Asia__Seoul,
        Tz::America__New_York,
        Tz::Europe__Berlin,
        Tz::Australia__Lord_Howe,
        Tz::America__Santiago,
        Tz::Pacific__Chatham,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_minute_before_the_fire_time_matches(fields in fields(), time in time()) {
        let fire = schedule(&fields.cron(), "UTC").after(time);
        prop_assert!(fire > time);
        prop_assert!(fields.matches(fire), "{} at {fire}", fields.cron());
        prop_assert_eq!((fire.second(), fire.nanosecond()), (0, 0));
        let mut minute = DateTime::from_timestamp(time.timestamp() / 60 * 60, 0).unwrap();
        loop {
            minute += TimeDelta::minutes(1);
            if minute >= fire {
                break;
            }
            prop_assert!(!fields.matches(minute), "{} at {minute}", fields.cron());
        }
    }

    #[test]
    fn the_fire_time_grows_with_the_time(
        fields in fields(), zone in zone(), time in time(), hours in 0..200_i64,
    ) {
        let schedule = schedule(&fields.cron(), zone.name());
        let fire = schedule.after(time);
        let later = time + TimeDelta::hours(hours);
        prop_assert!(fire > time);
        prop_assert!(schedule.after(later) >= fire);
        // Any time before the fire time leads to it.
        prop_assert_eq!(schedule.after(time + (fire - time) / 2), fire);
        prop_assert_eq!(schedule.after(fire - TimeDelta::nanoseconds(1)), fire);
    }

    #[test]
    fn what_is_due_is_the_latest_fire_time(
        fields in fields(), zone in zone(), now in time(), days in 0..30_i64,
    ) {
        let schedule = schedule(&fields.cron(), zone.name());
        let due = schedule.due(None, now).unwrap();
        prop_assert!(due <= now);
        prop_assert!(schedule.after(due) > now);
        prop_assert_eq!(schedule.after(due - TimeDelta::nanoseconds(1)), due);
        let last = now - TimeDelta::days(days);
        prop_assert_eq!(schedule.due(Some(last), now), (last < due).then_some(due));
    }
}
