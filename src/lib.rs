//! The engine of mungpy: it finds the adoptable shelter dog whose facial proportions are most like
//! a person's.
//!
//! The modules are listed in the order in which a photo passes through them:
//!
//! - [`files`]: files that others name, read within limits
//! - [`photo`]: bytes → upright RGB of bounded size
//! - [`vision`]: dlib's detectors and the landmark models behind safe types
//! - [`extract`]: a photo → face, landmarks, proportions, for either species
//! - [`catalogue`]: where dogs come from, the store, the published catalogue
//! - [`batch`]: measures all dogs every night and publishes the catalogue
//! - [`matching`]: answers one person's request
//! - [`picture`]: drawings that show what was measured
//! - [`service`]: the gRPC server
//! - [`progress`]: the progress of long work, shown on a terminal
//! - [`settings`]: arguments, environment and file, resolved
//! - [`cli`]: the `mungpy` command
//!
//! The pure part is in `mungpy-core`, the contract in `mungpy-proto`, the REST sidecar in
//! `mungpy-gateway`, and studies are in `mungpy-lab`. Nothing imports `service` or `cli`.

pub mod batch;
pub mod catalogue;
pub mod cli;
pub mod extract;
pub mod files;
pub mod matching;
mod messages;
pub mod photo;
pub mod picture;
pub mod progress;
pub mod service;
pub mod settings;
pub mod vision;
