//! The GPU that networks run on, in a build with the feature `cuda`.

use super::{VisionError, bridge::ffi, models::VerifiedModel};

/// Memory that a pixel takes in the widest network, in bytes: the activations of a dog detector
/// over the picture and its pyramid.
const PIXEL_BYTES: usize = 450;
/// Memory that a photo takes in a search of 768 px, in bytes. The last search, of up to four
/// quarters of 948 px, takes six times as much, but few photos need it; [`pixels_at_once`] limits it.
const PHOTO_BYTES: usize = 768 * 768 * PIXEL_BYTES;
/// Pixels whose activations stay below the 2^31 values that cuDNN counts in a tensor: a detector
/// has up to 13 for each.
const MOST_PIXELS: usize = 100_000_000;
/// More photos at once keep a GPU no busier.
const MOST_PHOTOS: usize = 32;

/// Chooses the GPU by its number, as `nvidia-smi` lists them; call it before models are loaded.
pub fn choose_gpu(index: usize) -> Result<(), VisionError> {
    if !cfg!(feature = "cuda") {
        return Err(VisionError::CudaMissing);
    }
    ffi::choose_graphics_processor(i32::try_from(index).unwrap_or(i32::MAX))
        .map_err(|error| unusable(&error))
}

/// The number of photos that are best measured at once: one on a CPU, where more are not faster, and
/// what fits into the memory of a GPU.
pub fn photos_at_once() -> usize {
    if cfg!(feature = "cuda") { (free_bytes() / PHOTO_BYTES).clamp(1, MOST_PHOTOS) } else { 1 }
}

/// The number of pixels that a network sees best in one run. Half of the memory is left to the
/// other networks, which keep theirs, and to the scratch memory of CUDA.
pub(super) fn pixels_at_once() -> usize {
    match free_bytes() / 2 / PIXEL_BYTES {
        0 => MOST_PIXELS,
        pixels => pixels.min(MOST_PIXELS),
    }
}

/// Free memory of the GPU; 0 if it cannot be told.
fn free_bytes() -> usize {
    ffi::free_graphics_memory().unwrap_or(0)
}

/// Logs the GPU on which a model will run, or fails if there is none that can be used.
pub(super) fn log(model: &VerifiedModel) -> Result<(), VisionError> {
    let gpu = ffi::graphics_processor().map_err(|error| unusable(&error))?;
    if !gpu.is_empty() {
        tracing::info!(gpu, model = model.entry.file, "a network runs on the GPU");
    }
    Ok(())
}

fn unusable(exception: &cxx::Exception) -> VisionError {
    VisionError::NoGraphicsProcessor { detail: exception.what().to_owned() }
}
