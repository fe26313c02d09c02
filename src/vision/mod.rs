//! dlib behind safe types: model files, face detectors, landmark predictors, the face descriptor.
//!
//! Only this module has `unsafe` code. A C++ exception becomes a [`VisionError`]; input on which
//! dlib would abort is refused before dlib sees it.

#[allow(unsafe_code, missing_docs, unreachable_pub)]
mod bridge;
mod descriptor;
mod detector;
mod error;
#[cfg(all(test, target_os = "linux"))]
mod failed_runs;
mod gpu;
mod landmark_network;
pub mod landmarking;
mod memory;
mod models;
mod predictor;
mod shared;

pub use descriptor::{DESCRIBED_SIDE, DESCRIPTOR_LEN, Descriptor, DescriptorNetwork};
pub use detector::{Detection, Detector};
pub use error::VisionError;
pub use gpu::{choose_gpu, photos_at_once};
pub use landmark_network::{LandmarkNetwork, Look};
pub use landmarking::CHIP_SIDE;
pub use models::{Delivery, ModelEntry, Models, Role, VerifiedModel};
pub use predictor::{Predictor, SquareBox};

// SAFETY: dlib's detectors and networks own all their memory, so they may move between threads; its
// CUDA build keeps only handles per thread, which it creates wherever it runs. They are not Sync: a
// run writes to scratch memory, which the lock in `shared::Shared` guards.
#[allow(unsafe_code)]
unsafe impl Send for bridge::ffi::HogDetector {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Send for bridge::ffi::CnnDetector {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Send for bridge::ffi::LandmarkNetwork {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Send for bridge::ffi::DescriptorNetwork {}

/// Settings of native libraries for the whole process; call once at its start.
///
/// Each call of BLAS or OpenCV stays on its caller's thread, because the workers already run in
/// parallel. Memory of a detection is kept for the next one, and what stays unused for some seconds
/// goes back to the system.
pub fn prepare_process() {
    bridge::ffi::prepare_process();
    // 0 stands for no thread beside the caller's. If it failed, OpenCV would only be slower.
    let _ = opencv::core::set_num_threads(0);
    memory::start_trimming();
}

#[cfg(test)]
#[allow(unsafe_code)]
mod tests {
    unsafe extern "C" {
        /// Largest difference from dlib's convolution, as a share of its largest value.
        safe fn mungpy_convolution_difference() -> f64;
    }

    #[test]
    fn our_convolution_gives_the_numbers_of_dlibs() {
        let difference = mungpy_convolution_difference();
        assert!(difference < 1e-5, "{difference}");
    }
}
