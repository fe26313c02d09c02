//! The pure core of mungpy: what a face measures, what makes two faces alike, and how the
//! nearest dog is found.
//!
//! - [`face`]: landmarks → pose, quality, symmetric shape, facial ratios
//! - [`resemblance`]: what makes two faces alike, in numbers and in words
//! - [`temperament`]: the questionnaire, and how far a dog agrees with answers
//! - [`index`]: the dogs in memory, searched exactly
//! - [`reason`]: the one table of error reasons
//!
//! Nothing here does I/O or links a native library.
#![forbid(unsafe_code)]

pub mod face;
pub mod index;
pub mod reason;
pub mod resemblance;
pub mod temperament;
