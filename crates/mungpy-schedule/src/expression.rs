//! A cron expression: which days, and which times of a day.

use chrono::{Datelike, NaiveDate, NaiveTime};
use croner::{
    Cron, CronPattern, Weekday,
    errors::CronError,
    parser::{CronParser, Seconds, Year},
};

use crate::ScheduleError;

/// Longest cron expression. `*` written out for every field takes 410 bytes.
pub const MAX_EXPRESSION_BYTES: usize = 512;

/// A field of an expression, for messages.
struct Field {
    name: &'static str,
    allowed: &'static str,
    example: &'static str,
}

const FIELDS: [Field; 5] = [
    Field {
        name: "minute",
        allowed: "0 to 59, a list, a range, `*` or `*/n`",
        example: "30 3 * * *",
    },
    Field {
        name: "hour",
        allowed: "0 to 23, a list, a range, `*` or `*/n`",
        example: "0 3,15 * * *",
    },
    Field {
        name: "day of month",
        allowed: "1 to 31, a list, a range, `L` for the last, `*` or `*/n`",
        example: "0 3 1,15 * *",
    },
    Field {
        name: "month",
        allowed: "1 to 12 or `JAN` to `DEC`, a list, a range, `*` or `*/n`",
        example: "0 3 1 JAN,JUL *",
    },
    Field {
        name: "day of week",
        allowed: "0 to 7 (0 and 7 are Sunday) or `SUN` to `SAT`, a list, a range or `*`",
        example: "0 3 * * MON-FRI",
    },
];

/// How the fire times of a day are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rhythm {
    /// Times of day, in order. Each happens once a day, whatever the clock does.
    Named(Vec<NaiveTime>),
    /// Minutes of every hour that passes, those that happen twice included.
    Hourly(Vec<u32>),
}

/// A cron expression that fires on some day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expression {
    text: String,
    days: CronPattern,
    rhythm: Rhythm,
}

impl Expression {
    /// Reads an expression of five fields.
    pub(crate) fn parse(text: &str) -> Result<Self, ScheduleError> {
        if text.len() > MAX_EXPRESSION_BYTES {
            return Err(ScheduleError::TooLong { length: text.len() });
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let text = fields.join(" ");
        if fields.len() != FIELDS.len() {
            return Err(ScheduleError::FieldCount { expression: text, fields: fields.len() });
        }
        // The parser takes an empty place in a list for nothing at all.
        let pattern = match read(&text) {
            Ok(cron) if fields.iter().all(|field| is_whole(field)) => cron.pattern,
            _ => return Err(blame(text, &fields)),
        };
        let rhythm = rhythm(&pattern);
        let expression = Self { text, days: pattern, rhythm };
        if expression.fires_at_all() {
            Ok(expression)
        } else {
            Err(ScheduleError::NeverFires { expression: expression.text })
        }
    }

    /// The fields, one blank between them.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn rhythm(&self) -> &Rhythm {
        &self.rhythm
    }

    /// Whether the expression fires on this day.
    pub(crate) fn fires_on(&self, date: NaiveDate) -> bool {
        let weekday = Weekday::from_days_from_sunday(date.weekday().num_days_from_sunday());
        self.days.month_match(date.month()).unwrap_or(false)
            && self.days.day_match(date.year(), date.month(), date.day(), weekday).unwrap_or(false)
    }

    /// The first day on which the expression fires, from this day on.
    pub(crate) fn first_day(&self, from: NaiveDate) -> Option<NaiveDate> {
        from.iter_days().find(|day| self.fires_on(*day))
    }

    /// Whether any day matches. In 28 years, each date falls on each day of the week.
    fn fires_at_all(&self) -> bool {
        const DAYS: usize = 28 * 365 + 7;
        let start = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default();
        start.iter_days().take(DAYS).any(|day| self.fires_on(day))
    }
}

fn read(text: &str) -> Result<Cron, CronError> {
    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build().parse(text)
}

fn is_whole(field: &str) -> bool {
    field.split(',').all(|part| !part.is_empty())
}

/// Finds the field that is at fault: the one that cannot be read among stars either.
fn blame(expression: String, fields: &[&str]) -> ScheduleError {
    let at_fault = |place: &usize| {
        let mut alone = ["*"; FIELDS.len()];
        alone[*place] = fields[*place];
        !is_whole(fields[*place]) || read(&alone.join(" ")).is_err()
    };
    let place = (0..FIELDS.len()).find(at_fault).unwrap_or_default();
    let Field { name, allowed, example } = FIELDS[place];
    ScheduleError::Field {
        expression,
        field: name,
        text: fields[place].to_owned(),
        allowed,
        example,
    }
}

fn rhythm(pattern: &CronPattern) -> Rhythm {
    let minutes: Vec<u32> = pattern.minutes.values().into_iter().map(u32::from).collect();
    let hours: Vec<u32> = pattern.hours.values().into_iter().map(u32::from).collect();
    if hours.len() == 24 {
        return Rhythm::Hourly(minutes);
    }
    let time = |hour: u32, minute: &u32| NaiveTime::from_hms_opt(hour, *minute, 0);
    Rhythm::Named(
        hours
            .iter()
            .flat_map(|hour| minutes.iter().filter_map(move |minute| time(*hour, minute)))
            .collect(),
    )
}
