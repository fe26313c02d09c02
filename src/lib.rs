//! The engine of mungpy: it names the adoptable shelter dog whose facial proportions are most
//! like a person's.
//!
//! The modules stand in the order in which a photo walks through them:
//!
//! - [`photo`]: bytes → upright RGB of bounded size
//! - [`vision`]: dlib's detectors and the landmark models behind safe types
//! - [`extract`]: a photo → face, landmarks, proportions, for either species
//! - [`catalogue`]: where dogs come from, the store, the published catalogue
//! - [`batch`]: the nightly walk of all dogs up to the published catalogue
//! - [`matching`]: one person's request answered
//! - [`picture`]: drawings that show what was measured
//! - [`service`]: the gRPC server
//! - [`progress`]: how far long work is, shown on a terminal
//! - [`settings`]: what arguments, environment and file say, resolved
//! - [`cli`]: the `mungpy` command
//!
//! What is pure stands in `mungpy-core`, the contract in `mungpy-proto`, the REST sidecar in
//! `mungpy-gateway`, studies in `mungpy-lab`. Nothing imports `service` or `cli`.

pub mod batch;
pub mod catalogue;
pub mod cli;
pub mod extract;
pub mod matching;
mod messages;
pub mod photo;
pub mod picture;
pub mod progress;
pub mod service;
pub mod settings;
pub mod vision;
