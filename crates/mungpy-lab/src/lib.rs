//! Studies of how well the resemblance holds. Never serves.
//!
//! - [`evaluate`]: measured on photos of people and dogs
//! - [`cli`]: the `mungpy-lab` command

pub mod cli;
pub mod evaluate;
