//! Names the adoptable shelter dog whose facial proportions are most like a
//! person's.
//!
//! The modules stand in the order in which a photo walks through them:
//!
//! - [`photo`]: bytes → upright RGB of bounded size
//! - [`vision`]: dlib's detectors and landmark predictors behind safe types
//! - [`face`]: landmarks → pose, quality, symmetric shape, facial ratios
//! - [`extract`]: the three above in one step, for either species
//! - [`resemblance`]: what makes two faces alike, in numbers and words
//! - [`temperament`]: the questionnaire and how far a dog agrees with answers
//! - [`index`]: the catalogue in memory, searched exactly
//! - [`catalog`]: where dogs come from, the store, the published catalogue
//! - [`batch`]: the nightly walk of all dogs up to the published catalogue
//! - [`matching`]: one person's request answered
//! - [`picture`]: drawings that show what was measured
//! - [`evaluate`]: how well the resemblance holds, measured
//! - [`service`]: the gRPC server
//! - [`cli`]: the `mungpy` command
//! - [`gateway`]: the REST sidecar
//!
//! `photo`, `vision` and `catalog` do I/O; `face`, `resemblance`, `temperament`
//! and `index` are pure. Nothing imports `service`, `cli` or `gateway`. The
//! feature `gateway` alone builds a program without dlib and OpenCV.

pub mod proto;

#[cfg(feature = "engine")]
pub mod photo;
#[cfg(feature = "engine")]
pub mod vision;

#[cfg(feature = "engine")]
pub mod face;

#[cfg(feature = "engine")]
pub mod extract;

#[cfg(feature = "engine")]
pub mod index;
#[cfg(feature = "engine")]
pub mod resemblance;
#[cfg(feature = "engine")]
pub mod temperament;

#[cfg(feature = "engine")]
pub mod batch;
#[cfg(feature = "engine")]
pub mod catalog;
#[cfg(feature = "engine")]
pub mod evaluate;
#[cfg(feature = "engine")]
pub mod matching;
#[cfg(feature = "engine")]
pub mod picture;

#[cfg(feature = "engine")]
pub mod cli;
#[cfg(feature = "gateway")]
pub mod gateway;
#[cfg(feature = "engine")]
pub mod service;
