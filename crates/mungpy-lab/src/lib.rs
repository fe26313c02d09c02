//! Studies of how well the resemblance holds. Never serves.
//!
//! - [`evaluate`]: measured on photos of people and dogs
//! - [`described`]: photos with their face descriptors, in memory alone
//! - [`cli`]: the `mungpy-lab` command

pub mod cli;
pub mod described;
pub mod evaluate;
