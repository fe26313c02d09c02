//! What every program of mungpy does at its start and end.
//!
//! - [`failure`]: why it failed, for people and programs
//! - [`logging`]: log lines on standard error
//! - [`output`]: lines that survive a closed pipe
//! - [`shutdown`]: the signal to stop

pub mod failure;
pub mod logging;
pub mod output;
pub mod shutdown;
