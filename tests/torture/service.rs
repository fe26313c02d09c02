//! Callers who are slow, many, or gone; logs that nobody reads.

mod server;

mod connections;
mod logs;
mod messages;
mod overload;
mod requests;
mod signals;
