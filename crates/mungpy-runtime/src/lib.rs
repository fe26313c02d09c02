//! What every program of mungpy does at its start and end.
//!
//! - [`failure`]: why it failed, for people and programs
//! - [`files`]: files that others name, read within limits
//! - [`logging`]: log lines on standard error
//! - [`output`]: lines that survive a closed pipe
//! - [`shutdown`]: the signal to stop

pub mod failure;
pub mod files;
pub mod logging;
pub mod output;
pub mod shutdown;
