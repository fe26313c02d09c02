//! When the notice of a dog ends.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Asia::Seoul;

/// Ways to write a date.
const DATES: [&str; 3] = ["%Y-%m-%d", "%Y%m%d", "%Y.%m.%d"];

/// The end of a notice: a moment (RFC 3339), or a date, which ends when that day ends in Korea.
pub(crate) fn end(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.to_utc());
    }
    let day = DATES.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok())?;
    let midnight = day.succ_opt()?.and_time(NaiveTime::MIN);
    Some(Seoul.from_local_datetime(&midnight).earliest()?.to_utc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_date_ends_when_its_day_ends_in_korea() {
        for (text, expected) in [
            ("2026-11-28", "2026-11-28T15:00:00Z"),
            ("20261128", "2026-11-28T15:00:00Z"),
            (" 2026.11.28 ", "2026-11-28T15:00:00Z"),
            ("2024-02-29", "2024-02-29T15:00:00Z"),
            ("2026-11-28T12:30:00+09:00", "2026-11-28T03:30:00Z"),
            ("2026-11-28T12:30:00.5Z", "2026-11-28T12:30:00.5Z"),
        ] {
            assert_eq!(end(text), Some(expected.parse().unwrap()), "{text}");
        }
        for text in ["", "soon", "2026-02-30", "2026-13-01", "28.11.2026", "2026-11-28 12:30"] {
            assert_eq!(end(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), number in any::<i64>()) {
            end(&text);
            end(&number.to_string());
            end(&format!("{number}-12-31"));
        }
    }
}
