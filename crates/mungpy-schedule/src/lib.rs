//! When the nightly batch runs, and the wait for it.
//!
//! - [`Schedule`]: a cron expression in a time zone; the next fire time, and the one that was missed
//! - [`Scheduler`]: the loop that waits, runs the job, catches up and tries again
//! - [`Clock`]: tells the time and waits; [`SystemClock`] for programs, [`testing::FakeClock`] for
//!   tests
//! - [`Stop`] and [`Wake`]: end the loop, or ask for a run now
//!
//! # The life of a run
//!
//! A fire time that passes makes a run due. A run that began at or after a fire time has done it, so
//! however many fire times pass during a long run or a downtime, one run catches up. A job that fails
//! is tried again after 5 minutes, 15 minutes and an hour, unless the next fire time comes first.
//!
//! # Clocks that are wrong
//!
//! The system's clock can be wrong when the program starts and be corrected later. So the loop keeps
//! no plan across a wait: it looks at the clock and at the last run anew each time. A last run that
//! lies more than [`FUTURE_TOLERANCE`] in the future was recorded by a wrong clock and counts as
//! unknown, so a wrong clock delays the batch by a day at most. A run overwrites what is known of the
//! last one, so each jump of the clock causes one extra run at most.

mod clock;
mod error;
mod expression;
mod schedule;
mod scheduler;
mod stop;
pub mod testing;

pub use clock::{Clock, SystemClock, Waited};
pub use error::ScheduleError;
pub use expression::MAX_EXPRESSION_BYTES;
pub use schedule::{FUTURE_TOLERANCE, Schedule};
pub use scheduler::{BACK_OFF, JobEnd, Scheduler, Trigger};
pub use stop::{Stop, Wake};
