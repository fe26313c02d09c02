//! What every program of mungpy does at its start and end.
//!
//! - [`failure`]: why it failed, for people and programs
//! - [`logging`]: log lines on standard error
//! - [`shutdown`]: the signal to stop

pub mod failure;
pub mod logging;
pub mod shutdown;
