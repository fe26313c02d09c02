//! dlib and OpenCV's networks behind safe types: model files, face detectors, landmark predictors.
//!
//! Only this module has `unsafe` code. A C++ exception becomes a [`VisionError`]; input on which
//! dlib would abort is refused before dlib sees it.

#[allow(unsafe_code, missing_docs, unreachable_pub)]
mod bridge;
mod descriptor;
mod detector;
mod error;
mod heatmaps;
pub mod landmarking;
mod memory;
mod models;
mod predictor;

pub use descriptor::{DESCRIBED_SIDE, DESCRIPTOR_LEN, Descriptor, DescriptorNetwork};
pub use detector::{Detection, Detector};
pub use error::VisionError;
pub use heatmaps::LandmarkNetwork;
pub use landmarking::CHIP_SIDE;
pub use models::{Delivery, ModelEntry, Models, Role, VerifiedModel};
pub use predictor::{Predictor, SquareBox};

// SAFETY: dlib's detectors own all their memory, so they may move between threads; its CUDA build
// keeps only handles per thread, which it creates wherever it runs. They are not Sync: a search
// writes to scratch memory, which the exclusive borrow of `Detector::detect` guards.
#[allow(unsafe_code)]
unsafe impl Send for bridge::ffi::HogDetector {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Send for bridge::ffi::CnnDetector {}

// SAFETY: as above; what it must not share is guarded by the exclusive borrow of
// `DescriptorNetwork::describe`.
#[allow(unsafe_code)]
unsafe impl Send for bridge::ffi::DescriptorNetwork {}

/// Settings of native libraries for the whole process; call once at its start.
///
/// Each BLAS call stays on its caller's thread, because the workers already run in parallel. Memory
/// of a detection is kept for the next one, and what stays unused for some seconds goes back to the
/// system.
pub fn prepare_process() {
    bridge::ffi::prepare_process();
    memory::start_trimming();
}
