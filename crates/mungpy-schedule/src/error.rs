//! Why a schedule was refused.

use mungpy_core::reason::{Reason, WithReason};

use crate::MAX_EXPRESSION_BYTES;

/// Why a schedule was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The expression is longer than any schedule needs.
    #[error(
        "the cron expression has {length} bytes, and at most {MAX_EXPRESSION_BYTES} are read: \
         shorten it, e.g. `0 3 * * *`"
    )]
    TooLong {
        /// Length in bytes.
        length: usize,
    },
    /// The expression has fewer or more than five fields.
    #[error(
        "cron expression {expression:?} has {fields} fields instead of 5: write minute, hour, day \
         of month, month and day of week, e.g. `0 3 * * *` for every day at 03:00"
    )]
    FieldCount {
        /// The expression.
        expression: String,
        /// Number of its fields.
        fields: usize,
    },
    /// A field is not understood.
    #[error(
        "the {field} {text:?} in cron expression {expression:?} is not understood: write \
         {allowed}, e.g. `{example}`"
    )]
    Field {
        /// The expression.
        expression: String,
        /// Name of the field.
        field: &'static str,
        /// The field as it was written.
        text: String,
        /// What the field may hold.
        allowed: &'static str,
        /// A whole expression that uses the field.
        example: &'static str,
    },
    /// No day ever matches.
    #[error(
        "cron expression {expression:?} never fires, because no day is like that: choose another \
         day, e.g. `0 3 28 2 *` for 28 February at 03:00"
    )]
    NeverFires {
        /// The expression.
        expression: String,
    },
    /// The IANA database has no such time zone.
    #[error("time zone {zone:?} is unknown: write an IANA name, e.g. `Asia/Seoul` or `UTC`")]
    ZoneUnknown {
        /// The name, shortened if it is longer than any name.
        zone: String,
    },
}

impl WithReason for ScheduleError {
    fn reason(&self) -> Reason {
        Reason::ConfigInvalid
    }
}
