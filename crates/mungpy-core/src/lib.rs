//! The pure core of mungpy: measuring a face, judging how alike two faces are, and finding the
//! nearest dog.
//!
//! - [`advice`]: what would make a photo better
//! - [`face`]: landmarks → pose, quality, symmetric shape, facial ratios
//! - [`resemblance`]: how alike two faces are, in numbers and in words
//! - [`temperament`]: the questionnaire, and how far a dog agrees with the answers
//! - [`index`]: the dogs in memory, searched exactly
//! - [`reason`]: the one table of error reasons
//! - [`text`]: excerpts of what a caller sent, bytes as text
//!
//! Nothing here does I/O or links a native library.
#![forbid(unsafe_code)]

pub mod advice;
pub mod face;
pub mod index;
pub mod reason;
pub mod resemblance;
pub mod temperament;
pub mod text;
