//! A cron expression in a time zone, and its fire times.

use std::{fmt, ops::RangeInclusive};

use chrono::{
    DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc,
};
use chrono_tz::{GapInfo, Tz};
use serde::{Deserialize, Serialize};

use crate::{
    ScheduleError,
    expression::{Expression, Rhythm},
};

/// How far in the future a last run may lie. Clocks that are set back by an hour or a time zone stay
/// below; what lies beyond was recorded by a wrong clock.
pub const FUTURE_TOLERANCE: TimeDelta = TimeDelta::days(1);

/// Longest name of a time zone that a message repeats.
const MAX_ZONE_CHARS: usize = 64;

/// Years in which schedules fire. Far from the ends of chrono's calendar, all sums can be represented.
const YEARS: RangeInclusive<i32> = 1..=9999;

const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// When something runs: a cron expression of five fields in a time zone.
///
/// # Daylight saving
///
/// - An expression that names hours, like `30 2 * * *`, names times of day. Each happens once a day:
///   at the first instant at which the clock shows it or more. So a time that the clock skips in
///   spring fires right after the gap, and one that the clock shows twice in autumn fires the first
///   time.
/// - An expression for all hours, like `*/30 * * * *`, follows real time: it fires whenever the clock
///   shows one of its minutes, in the hour that comes twice too.
///
/// # Days
///
/// If both day of month and day of week are given, either is enough, as for cron.
///
/// # Settings
///
/// In a file, a schedule is a table of `cron` and `zone`, both optional.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Settings", into = "Settings")]
pub struct Schedule {
    expression: Expression,
    zone: Tz,
}

impl Schedule {
    /// Every day at 03:00.
    pub const DEFAULT_CRON: &str = "0 3 * * *";
    /// Korea.
    pub const DEFAULT_ZONE: &str = "Asia/Seoul";

    /// Reads a cron expression of five fields and the IANA name of a time zone.
    pub fn parse(cron: &str, zone: &str) -> Result<Self, ScheduleError> {
        let expression = Expression::parse(cron)?;
        let zone = zone.trim().parse().map_err(|_| ScheduleError::ZoneUnknown {
            zone: zone.chars().take(MAX_ZONE_CHARS).collect(),
        })?;
        Ok(Self { expression, zone })
    }

    /// The cron expression.
    pub fn cron(&self) -> &str {
        self.expression.text()
    }

    /// The time zone.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The first fire time after `time`. Nothing fires outside the years 1 to 9999, so after them it is
    /// the end of the calendar.
    pub fn after(&self, time: DateTime<Utc>) -> DateTime<Utc> {
        self.search(time).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// The latest fire time until `now` if no run has done it: none began at or after it.
    ///
    /// `last` is when the last run began. If there was none, a run is due at once, so that a new
    /// installation need not wait for the night. The same holds if `last` lies more than
    /// [`FUTURE_TOLERANCE`] after `now`: a wrong clock recorded it. If it lies in the future by less,
    /// the clock was set back a little, and nothing is due that was done before.
    pub fn due(&self, last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let latest = self.latest(now)?;
        let last = last.filter(|last| is_credible(*last, now));
        last.is_none_or(|last| last < latest).then_some(latest)
    }

    /// The latest fire time until `now`.
    fn latest(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if !YEARS.contains(&now.year()) {
            return None;
        }
        let mut span = TimeDelta::hours(1);
        let mut latest = loop {
            let found = self.search(now.checked_sub_signed(span)?);
            if let Some(fire) = found.filter(|fire| *fire <= now) {
                break fire;
            }
            span = span.checked_mul(8)?;
        };
        while let Some(fire) = self.search(latest).filter(|fire| *fire <= now) {
            latest = fire;
        }
        Some(latest)
    }

    fn search(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if after.year() > *YEARS.end() {
            return None;
        }
        let first =
            NaiveDate::from_ymd_opt(*YEARS.start(), 1, 1)?.and_time(NaiveTime::MIN).and_utc();
        let after = after.max(first);
        match self.expression.rhythm() {
            Rhythm::Named(times) => self.next_named(times, after),
            Rhythm::Hourly(minutes) => self.next_hourly(minutes, after),
        }
    }

    fn next_named(&self, times: &[NaiveTime], after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // A time that the clock skipped yesterday can fire today.
        let mut day = self.local(after).date().pred_opt()?;
        loop {
            day = self.expression.first_day(day)?;
            let mut fires = times.iter().map(|time| self.first_instant(day.and_time(*time)));
            if let Some(fire) = fires.find(|fire| *fire > after) {
                return Some(fire);
            }
            day = day.succ_opt()?;
        }
    }

    fn next_hourly(&self, minutes: &[u32], after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let whole = after.timestamp().div_euclid(60) + 1;
        let mut instant = DateTime::from_timestamp(whole * 60, 0)?;
        loop {
            let local = self.local(instant);
            if !self.expression.fires_on(local.date()) {
                let midnight = self.midnight_after(local.date())?;
                instant = midnight.max(instant + MINUTE);
            } else if minutes.contains(&local.minute()) {
                return Some(instant);
            } else {
                instant += MINUTE;
            }
        }
    }

    /// When the next day begins on which the expression fires.
    fn midnight_after(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        let next = self.expression.first_day(day.succ_opt()?)?;
        Some(self.first_instant(next.and_time(NaiveTime::MIN)))
    }

    fn local(&self, instant: DateTime<Utc>) -> NaiveDateTime {
        instant.with_timezone(&self.zone).naive_local()
    }

    /// The first instant at which the clock shows `local` or more.
    fn first_instant(&self, local: NaiveDateTime) -> DateTime<Utc> {
        let shown = self.zone.from_local_datetime(&local).earliest();
        let instant = shown.or_else(|| GapInfo::new(&local, &self.zone)?.end);
        // A time that is not shown lies in a gap, and each gap of the database has an end.
        instant.map_or_else(|| local.and_utc(), |instant| instant.to_utc())
    }
}

/// Whether a last run can have been recorded by a clock that was right.
pub(crate) fn is_credible(last: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    last.signed_duration_since(now) <= FUTURE_TOLERANCE
}

impl Default for Schedule {
    fn default() -> Self {
        Self::parse(Self::DEFAULT_CRON, Self::DEFAULT_ZONE).expect("the default is a schedule")
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.cron(), self.zone.name())
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schedule({self})")
    }
}

/// A schedule as a file of settings holds it.
#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    cron: String,
    zone: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { cron: Schedule::DEFAULT_CRON.to_owned(), zone: Schedule::DEFAULT_ZONE.to_owned() }
    }
}

impl TryFrom<Settings> for Schedule {
    type Error = ScheduleError;

    fn try_from(settings: Settings) -> Result<Self, ScheduleError> {
        Self::parse(&settings.cron, &settings.zone)
    }
}

impl From<Schedule> for Settings {
    fn from(schedule: Schedule) -> Self {
        Self { cron: schedule.cron().to_owned(), zone: schedule.zone.name().to_owned() }
    }
}
