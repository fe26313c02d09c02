//! From landmarks to numbers: pose, quality, symmetric shape and facial ratios.
//!
//! These are pure functions of coordinates; none reads a file or an image.

mod error;
pub mod landmarks;
mod quality;
mod ratios;
mod shape;

use serde::{Deserialize, Serialize};

pub use error::FaceError;
pub use landmarks::{Landmarks, Point};
pub use quality::{Quality, QualityLimits};
pub use ratios::{LogRatios, RATIO_COUNT, Ratio};
pub use shape::{FEATURE_COUNT, SHAPE_LEN, SymmetricShape, features, points_of, reshaped};

/// Species a face belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Species {
    /// A human face.
    Person,
    /// A dog's face.
    Dog,
}

impl Species {
    /// The name used in files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Dog => "dog",
        }
    }
}

/// Who made a face or landmark model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelOrigin {
    /// The project's own, free to use.
    #[default]
    Own,
    /// Published by dlib's author. The licence of the 68-point model excludes commercial use.
    #[serde(alias = "published")]
    Dlib,
}

impl ModelOrigin {
    /// The name used in settings and file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Dlib => "dlib",
        }
    }
}

/// How a person's proportions are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PersonProportions {
    /// As they usually are: estimated from the whole face.
    #[default]
    Estimated,
    /// As one photo shows them.
    Measured,
}

impl PersonProportions {
    /// The word for it, as it stands in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Estimated => "estimated",
            Self::Measured => "measured",
        }
    }
}

/// What is measured on a face and compared with other faces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// Logarithms of the facial ratios.
    pub log_ratios: LogRatios,
    /// Symmetric shape of the whole face.
    pub shape: SymmetricShape,
}

impl Measurement {
    /// Measures a symmetric shape.
    pub fn of_shape(shape: SymmetricShape) -> Result<Self, FaceError> {
        Ok(Self { log_ratios: ratios::log_ratios(&shape)?, shape })
    }

    /// The free numbers of its shape: see [`features`].
    pub fn features(&self) -> [f64; FEATURE_COUNT] {
        features(&self.shape.coordinates())
    }

    /// The mean of several measurements of the same face; needs at least one.
    ///
    /// It averages the shapes and normalises the result.
    pub fn mean(measurements: &[Self]) -> Result<Self, FaceError> {
        let n = measurements.len() as f64;
        let points = std::array::from_fn(|i| {
            measurements.iter().fold([0.0, 0.0], |sum, m| {
                let p = m.shape.points()[i];
                [sum[0] + p[0] / n, sum[1] + p[1] / n]
            })
        });
        Self::of_shape(SymmetricShape::from_points(points)?)
    }
}

/// Position, size and roll of a face in the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// Mean of the landmarks.
    pub centroid: Point,
    /// Root of the summed squared distances of the landmarks to their mean.
    pub size: f64,
    /// Tilt in radians; positive is clockwise.
    pub roll: f64,
}

impl Placement {
    /// Computes the placement; centroid and size are in the landmarks' unit.
    pub fn of(landmarks: &Landmarks) -> Result<Self, FaceError> {
        let roll = shape::decompose(landmarks)?.roll;
        let centroid = landmarks::mean(&landmarks.0);
        let squares = landmarks.0.iter().map(|&point| landmarks::distance(point, centroid).powi(2));
        Ok(Self { centroid, size: squares.sum::<f64>().sqrt(), roll })
    }
}

/// Measures a face: its proportions, and the pose in which they were seen.
///
/// `landmarks` are in pixels of the photo at any scale. Only yaw, pitch and roll of the quality are
/// set, because landmarks alone do not determine the rest.
pub fn measure(
    landmarks: &Landmarks,
    species: Species,
) -> Result<(Measurement, Quality), FaceError> {
    if landmarks.0.iter().flatten().any(|coordinate| !coordinate.is_finite()) {
        return Err(FaceError::Degenerate);
    }
    let face = shape::decompose(landmarks)?;
    let measurement = Measurement::of_shape(face.shape)?;
    let yaw = quality::yaw(landmarks, face.roll);
    let pitch = quality::pitch(landmarks, species, yaw, face.roll);
    let quality = Quality { yaw, pitch, roll: face.roll.to_degrees(), ..Quality::default() };
    Ok((measurement, quality))
}
