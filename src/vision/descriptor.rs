//! dlib's face descriptor: whose face a chip shows, in 128 numbers.
//!
//! It serves one purpose: a person's proportions are estimated from it, because it does not
//! follow expression, nod and lens. A [`Descriptor`] lives for the moment of that estimate. It
//! cannot be printed, copied or written, and its memory is cleared when it is dropped.

use super::{VisionError, bridge::ffi, gpu, models::VerifiedModel, shared::Shared};
use crate::photo::Raster;

/// Numbers of a descriptor.
pub const DESCRIPTOR_LEN: usize = 128;
/// Side of the square chip that is described, in pixels.
pub const DESCRIBED_SIDE: usize = 150;

/// The descriptor of one face.
pub struct Descriptor([f32; DESCRIPTOR_LEN]);

impl Descriptor {
    /// Its numbers.
    pub fn values(&self) -> &[f32; DESCRIPTOR_LEN] {
        &self.0
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        self.0.fill(0.0);
        // Keeps the compiler from leaving the clearing out.
        std::hint::black_box(&self.0);
    }
}

/// The network that describes faces: a residual network of 29 layers (King, 2017).
pub struct DescriptorNetwork(Shared<ffi::DescriptorNetwork>);

impl DescriptorNetwork {
    /// Parses a verified model.
    pub fn new(model: &VerifiedModel) -> Result<Self, VisionError> {
        gpu::log(model)?;
        let parsed = ffi::parse_descriptor_network(&model.bytes)
            .map_err(|error| model.rejected(error.what()))?;
        Ok(Self(Shared::network(parsed)))
    }

    /// The network for another worker.
    pub fn try_clone(&self) -> Result<Self, VisionError> {
        Ok(Self(self.0.try_clone(ffi::DescriptorNetwork::copy)?))
    }

    /// Describes the face in an aligned chip of [`DESCRIBED_SIDE`] pixels.
    pub fn describe(&mut self, chip: &Raster) -> Result<Descriptor, VisionError> {
        let mut descriptor = Descriptor([0.0; DESCRIPTOR_LEN]);
        let mut done = self.0.run(&[chip], |network, _| {
            network.describe(chip.bytes()?, &mut descriptor.0)?;
            Ok(vec![()])
        });
        done.remove(0)?;
        Ok(descriptor)
    }
}
