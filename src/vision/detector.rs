//! Face detectors: dlib's HOG detector for persons, its CNN for dogs.

use std::{borrow::Cow, collections::BTreeMap};

use mungpy_core::face::ModelOrigin;

use super::{
    VisionError,
    bridge::ffi::{self, CnnDetector, HogDetector, RawDetection},
    gpu,
    models::VerifiedModel,
    shared::Shared,
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

    /// How far a point lies outside, in pixels. Of boxes that hold it, the one whose centre is
    /// nearest is the least, that is, the most negative.
    pub fn distance(&self, [x, y]: [f64; 2]) -> f64 {
        let [cx, cy] = self.centre();
        let outside = [(x - cx).abs() - self.width() / 2.0, (y - cy).abs() - self.height() / 2.0];
        let [right, below] = outside.map(|length| length.max(0.0));
        let away = right.hypot(below);
        if away > 0.0 { away } else { -1.0 / (1.0 + (x - cx).hypot(y - cy)) }
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

/// A face detector.
pub struct Detector(Kind);

enum Kind {
    Hog(Shared<HogDetector>),
    Cnn(Shared<CnnDetector>),
}

impl Detector {
    /// dlib's HOG detector of upright frontal human faces from 80 px.
    pub fn hog(model: &VerifiedModel) -> Result<Self, VisionError> {
        let parsed =
            ffi::parse_hog_detector(&model.bytes).map_err(|error| model.rejected(error.what()))?;
        Ok(Self(Kind::Hog(Shared::on_cpu(parsed))))
    }

    /// A max-margin CNN: the project's own, or one published by dlib's author. It runs on the GPU
    /// if built with the feature `cuda`.
    pub fn cnn(model: &VerifiedModel) -> Result<Self, VisionError> {
        gpu::log(model)?;
        let is_dlib = model.entry.origin == ModelOrigin::Dlib;
        let parsed = ffi::parse_cnn_detector(&model.bytes, is_dlib)
            .map_err(|error| model.rejected(error.what()))?;
        Ok(Self(Kind::Cnn(Shared::network(parsed))))
    }

    /// The detector for another worker, which is much cheaper than reading the model again.
    pub fn try_clone(&self) -> Result<Self, VisionError> {
        Ok(Self(match &self.0 {
            Kind::Hog(detector) => Kind::Hog(detector.try_clone(HogDetector::copy)?),
            Kind::Cnn(detector) => Kind::Cnn(detector.try_clone(CnnDetector::copy)?),
        }))
    }

    /// All faces in the raster, most certain first. Sides must be 16 to 4096 px.
    pub fn detect(&mut self, raster: &Raster) -> Result<Vec<Detection>, VisionError> {
        self.detect_many(&[raster]).remove(0)
    }

    /// All faces in each raster. A GPU searches rasters of one size in one run if its memory
    /// allows. They show the same as alone.
    pub fn detect_many(&mut self, rasters: &[&Raster]) -> Vec<Result<Vec<Detection>, VisionError>> {
        let mut by_size: BTreeMap<[usize; 2], Vec<usize>> = BTreeMap::new();
        for (number, raster) in rasters.iter().enumerate() {
            by_size.entry([raster.width(), raster.height()]).or_default().push(number);
        }
        let mut found: Vec<_> = rasters.iter().map(|_| Ok(Vec::new())).collect();
        for numbers in by_size.into_values() {
            let group: Vec<&Raster> = numbers.iter().map(|&number| rasters[number]).collect();
            for (number, faces) in numbers.into_iter().zip(self.detect_in_group(&group)) {
                found[number] = faces;
            }
        }
        found
    }

    /// All faces in each of some rasters of one size.
    fn detect_in_group(&mut self, group: &[&Raster]) -> Vec<Result<Vec<Detection>, VisionError>> {
        let sizes = group.first().map_or([0; 2], |first| [first.width(), first.height()]);
        let [width, height] = sizes;
        match &self.0 {
            Kind::Hog(detector) => detector.run(group, |detector, group| {
                let found = detector.detect(&joined(group)?, width, height)?;
                Ok(in_each(group.len(), &found))
            }),
            Kind::Cnn(detector) => detector.run(group, |detector, group| {
                let found = detector.detect(&joined(group)?, width, height)?;
                Ok(in_each(group.len(), &found))
            }),
        }
    }
}

/// The pixels of all rasters, one after the other.
fn joined<'a>(rasters: &[&'a Raster]) -> Result<Cow<'a, [u8]>, VisionError> {
    if let [only] = rasters {
        return Ok(Cow::Borrowed(only.bytes()?));
    }
    let mut all = Vec::new();
    for raster in rasters {
        all.extend_from_slice(raster.bytes()?);
    }
    Ok(Cow::Owned(all))
}

/// What was found in each of so many images, most certain first.
fn in_each(images: usize, found: &[RawDetection]) -> Vec<Vec<Detection>> {
    let mut faces = vec![Vec::new(); images];
    for raw in found {
        let face = Detection {
            left: raw.left,
            top: raw.top,
            right: raw.right,
            bottom: raw.bottom,
            confidence: raw.confidence,
        };
        if face.width() > 0.0 && face.height() > 0.0 {
            faces[raw.image].push(face);
        }
    }
    for faces in &mut faces {
        faces.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    }
    faces
}
