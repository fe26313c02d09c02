//! Studies of how well the resemblance holds. Never serves.
//!
//! A study takes photos this way:
//!
//! - [`gallery`]: the photos in a folder, by individual and recording
//! - [`distortion`]: what may be done to a photo before it is measured
//! - [`measuring`]: measures them all, each photo once: [`cache`] keeps the results
//! - [`methods`]: turn measurements into places, and places into rankings of dogs
//! - [`metrics`], [`sameness`], [`fairness`]: what is counted over rankings
//! - [`described`]: photos with their face descriptors, in memory alone
//!
//! The commands are built on this:
//!
//! - [`evaluate`]: how well the product does, beside baselines
//! - [`study`]: other tables of docs/EXPERIMENTS.md, on how the method was chosen
//! - `population` and `estimator`: the shipped statistics; they are in [`cli`] alone
//!
//! [`report`] turns figures into tables, a page and plots.

pub mod cache;
pub mod cli;
pub mod described;
pub mod distortion;
pub mod evaluate;
pub mod fairness;
pub mod gallery;
pub mod measuring;
pub mod methods;
pub mod metrics;
pub mod report;
pub mod sameness;
mod sampling;
pub mod study;
