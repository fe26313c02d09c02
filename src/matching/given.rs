//! Landmarks that the caller has located itself, in place of a photo.

use mungpy_core::{
    face::{self, FaceError, Landmarks, Measurement, Point, Quality, QualityLimits, Species},
    reason::{Reason, WithReason},
};
use mungpy_proto::v1::FaceLandmarks;

use crate::{extract::Extraction, photo::Turn, vision::Detection};

/// Sides of a photo, in pixels.
const SIDES: std::ops::RangeInclusive<u32> = 16..=30_000;
/// How far a landmark may lie outside of the photo, as a share of its side: a chin is often cut off.
const MARGIN: f64 = 0.5;

/// Which points were located.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// The 16 points of this project.
    Own,
    /// The 68 points of iBUG 300-W.
    Ibug68,
}

/// A face whose landmarks the caller has located.
#[derive(Debug, Clone)]
pub(super) struct GivenFace {
    landmarks: Landmarks,
    pub(super) scheme: Scheme,
}

/// Why given landmarks were refused. The messages name no coordinate, because they are logged.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LandmarksError {
    /// The number of points belongs to no scheme.
    #[error("the face has {count} points; send 16, or 68 in the order of iBUG 300-W")]
    Count {
        /// Number of points.
        count: usize,
    },
    /// The size of the photo is missing or out of range.
    #[error(
        "the photo of the landmarks is {width} x {height} px; send its size, {} to {} px each",
        SIDES.start(), SIDES.end()
    )]
    Size {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A point lies far outside of the photo, or is no number.
    #[error("point {number} lies outside of the photo; send pixels of the upright photo")]
    Outside {
        /// Number of the point, starting at 0.
        number: usize,
    },
    /// The request has both.
    #[error("the request has photos and landmarks; send one of both")]
    BesidePhotos,
}

impl WithReason for LandmarksError {
    fn reason(&self) -> Reason {
        Reason::LandmarksInvalid
    }
}

impl GivenFace {
    /// Checks and reads the points.
    pub(super) fn read(given: &FaceLandmarks) -> Result<Self, LandmarksError> {
        let (width, height) = (given.photo_width, given.photo_height);
        if !SIDES.contains(&width) || !SIDES.contains(&height) {
            return Err(LandmarksError::Size { width, height });
        }
        let points: Vec<Point> = given.points.iter().map(|point| [point.x, point.y]).collect();
        let is_inside = |value: f64, side: u32| {
            let side = f64::from(side);
            (-MARGIN * side..=(1.0 + MARGIN) * side).contains(&value)
        };
        let outside = |point: &Point| !is_inside(point[0], width) || !is_inside(point[1], height);
        if let Some(number) = points.iter().position(outside) {
            return Err(LandmarksError::Outside { number });
        }
        let count = points.len();
        let own = <&[Point; 16]>::try_from(&points[..]).map(|own| (Landmarks(*own), Scheme::Own));
        let ibug = <&[Point; 68]>::try_from(&points[..])
            .map(|all| (Landmarks::from_ibug68(all), Scheme::Ibug68));
        let (landmarks, scheme) = own.or(ibug).map_err(|_| LandmarksError::Count { count })?;
        Ok(Self { landmarks, scheme })
    }

    /// Measures the face, as far as landmarks alone tell: sharpness and disagreement are 0. Carries
    /// the proportions by `rule`.
    ///
    /// # Errors
    /// The points span no face, or one that is too small or turned too far.
    pub(super) fn measure(
        &self,
        rule: impl FnOnce(&Measurement) -> Result<Measurement, FaceError>,
    ) -> Result<Extraction, FaceError> {
        let (measured, pose) = face::measure(&self.landmarks, Species::Person)?;
        let quality = Quality { interocular: self.landmarks.interocular_distance(), ..pose };
        let seen = Quality { sharpness: f64::INFINITY, ..quality };
        seen.check(QualityLimits::of(Species::Person))?;
        Ok(Extraction {
            species: Species::Person,
            face: self.bounds(),
            faces_found: 1,
            turn: Turn::None,
            landmarks: self.landmarks,
            quality,
            measurement: rule(&measured)?,
            measured,
        })
    }

    /// The smallest box around the landmarks.
    fn bounds(&self) -> Detection {
        let start = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        let [left, top, right, bottom] = self.landmarks.0.iter().fold(start, |bounds, [x, y]| {
            [bounds[0].min(*x), bounds[1].min(*y), bounds[2].max(*x), bounds[3].max(*y)]
        });
        Detection { left, top, right, bottom, confidence: 0.0 }
    }
}
