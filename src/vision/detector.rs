//! Face detectors: dlib's HOG detector for persons, its CNN for dogs.

use cxx::UniquePtr;
use mungpy_core::face::ModelOrigin;

use super::{
    VisionError,
    bridge::ffi::{self, CnnDetector, HogDetector},
    models::VerifiedModel,
};
use crate::photo::Raster;

/// A face found by a detector: a box in pixels of the searched raster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// x of the left edge.
    pub left: f64,
    /// y of the upper edge.
    pub top: f64,
    /// x of the right edge.
    pub right: f64,
    /// y of the lower edge.
    pub bottom: f64,
    /// Distance from the detector's threshold; larger is more certain.
    pub confidence: f64,
}

impl Detection {
    /// Width in pixels.
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    /// Height in pixels.
    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// Mean of width and height in pixels: the side of a square box.
    pub fn side(&self) -> f64 {
        f64::midpoint(self.width(), self.height())
    }

    /// Area in square pixels.
    pub fn area(&self) -> f64 {
        self.width() * self.height()
    }

    /// Centre of the box.
    pub fn centre(&self) -> [f64; 2] {
        [f64::midpoint(self.left, self.right), f64::midpoint(self.top, self.bottom)]
    }

    /// Intersection over union with another box: 0 if disjoint, 1 if equal.
    pub fn overlap(&self, other: &Self) -> f64 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        let both = width.max(0.0) * height.max(0.0);
        both / (self.area() + other.area() - both)
    }

    /// Maps the corners by `rule` and reorders them.
    #[must_use]
    pub fn map(&self, rule: impl Fn([f64; 2]) -> [f64; 2]) -> Self {
        let (a, b) = (rule([self.left, self.top]), rule([self.right, self.bottom]));
        Self {
            left: a[0].min(b[0]),
            top: a[1].min(b[1]),
            right: a[0].max(b[0]),
            bottom: a[1].max(b[1]),
            confidence: self.confidence,
        }
    }
}

/// A face detector. It keeps scratch memory of the current image, so a search needs exclusive
/// access and each worker has its own copy.
pub struct Detector(Kind);

enum Kind {
    Hog(UniquePtr<HogDetector>),
    Cnn(UniquePtr<CnnDetector>),
}

impl Detector {
    /// dlib's HOG detector of upright frontal human faces from 80 px. Its weights are part of dlib.
    pub fn frontal_person() -> Result<Self, VisionError> {
        Ok(Self(Kind::Hog(ffi::frontal_face_detector()?)))
    }

    /// A max-margin CNN: the project's own, or one published by dlib's author. It runs on the GPU
    /// if built with the feature `cuda`.
    pub fn cnn(model: &VerifiedModel) -> Result<Self, VisionError> {
        let gpu = ffi::graphics_processor().map_err(|error| VisionError::NoGraphicsProcessor {
            detail: error.what().to_owned(),
        })?;
        if !gpu.is_empty() {
            tracing::info!(gpu, model = model.entry.file, "faces are found on the GPU");
        }
        let is_dlib = model.entry.origin == ModelOrigin::Dlib;
        let parsed = ffi::parse_cnn_detector(&model.bytes, is_dlib).map_err(|error| {
            VisionError::ModelRejected {
                file: model.entry.file.clone(),
                detail: error.what().to_owned(),
            }
        })?;
        Ok(Self(Kind::Cnn(parsed)))
    }

    /// Clones the detector for another worker, which is much cheaper than reading the model again.
    pub fn try_clone(&self) -> Result<Self, VisionError> {
        Ok(Self(match &self.0 {
            Kind::Hog(detector) => Kind::Hog(detector.copy()?),
            Kind::Cnn(detector) => Kind::Cnn(detector.copy()?),
        }))
    }

    /// All faces in the raster, most certain first. Sides must be 16 to 4096 px.
    pub fn detect(&mut self, raster: &Raster) -> Result<Vec<Detection>, VisionError> {
        let (rgb, width, height) = (raster.bytes()?, raster.width(), raster.height());
        let found = match &mut self.0 {
            Kind::Hog(detector) => detector.pin_mut().detect(rgb, width, height)?,
            Kind::Cnn(detector) => detector.pin_mut().detect(rgb, width, height)?,
        };
        let mut faces: Vec<Detection> = found
            .into_iter()
            .map(|raw| Detection {
                left: raw.left,
                top: raw.top,
                right: raw.right,
                bottom: raw.bottom,
                confidence: raw.confidence,
            })
            .filter(|face| face.width() > 0.0 && face.height() > 0.0)
            .collect();
        faces.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        Ok(faces)
    }
}
