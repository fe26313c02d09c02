//! Callers who are slow, many, or gone; logs that nobody reads.

#[path = "../it/common.rs"]
mod common;

mod server;

mod connections;
mod logs;
mod overload;
mod requests;
mod signals;
