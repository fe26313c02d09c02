//! Serves HTTP within limits. Both servers of mungpy use it: the engine for gRPC, the gateway for
//! REST.
//!
//! - [`Limits`]: what callers may use: connections, memory, time
//! - [`serve`]: accepts within the limits, then drains
//! - [`MeteredBody`]: a request body that counts its bytes and its time
//! - [`Charge`]: the memory that a request holds of the common budget

mod answer;
mod body;
mod budget;
mod connection;
mod descriptors;
mod limits;
mod occasional;
mod server;

pub use body::{BodyError, MeteredBody};
pub use budget::{Budget, Charge, Spent};
pub use limits::{Limits, MIB, Protocol};
pub use server::{Arrival, serve};
