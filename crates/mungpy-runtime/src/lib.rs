//! What every program of mungpy does when it starts and when it ends.
//!
//! - [`failure`]: why it failed, for people and programs
//! - [`logging`]: log lines on standard error
//! - [`shutdown`]: the signal to stop

pub mod failure;
pub mod logging;
pub mod shutdown;
