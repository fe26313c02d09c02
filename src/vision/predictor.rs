//! dlib's landmark predictor, an ensemble of regression trees (Kazemi & Sullivan, CVPR 2014).

use dlib_face_recognition::{ImageMatrix, LandmarkPredictor, LandmarkPredictorTrait, Rectangle};
use mungpy_core::face::Point;

use super::{VisionError, models::VerifiedModel};
use crate::photo::Raster;

/// A square box in pixels of a raster: upper left corner and side.
#[derive(Debug, Clone, Copy)]
pub struct SquareBox {
    /// x of the left edge.
    pub left: f64,
    /// y of the upper edge.
    pub top: f64,
    /// Side in pixels.
    pub side: f64,
}

/// Predicts the landmarks of a face from its box. Workers share it freely, because prediction only
/// reads the trees.
pub struct Predictor {
    trees: LandmarkPredictor,
}

impl Predictor {
    /// Parses a verified model and checks that it predicts `count` points.
    pub fn new(model: &VerifiedModel, count: usize) -> Result<Self, VisionError> {
        let trees =
            LandmarkPredictor::open(&model.path).map_err(|detail| model.rejected(detail))?;
        let blank = [0; 32 * 32 * 3];
        let found = trees.face_landmarks(&matrix(&blank, 32, 32), &rectangle(0.0, 0.0, 32.0)).len();
        if found != count {
            let detail = format!("it predicts {found} landmarks, {count} are needed");
            return Err(model.rejected(detail));
        }
        Ok(Self { trees })
    }

    /// The landmarks for each box, in pixels of the raster.
    ///
    /// dlib rounds them to whole pixels, so use a raster in which the face is large.
    pub fn predict(
        &self,
        raster: &Raster,
        boxes: &[SquareBox],
    ) -> Result<Vec<Vec<Point>>, VisionError> {
        let image = matrix(raster.bytes()?, raster.width(), raster.height());
        Ok(boxes
            .iter()
            .map(|b| {
                let found = self.trees.face_landmarks(&image, &rectangle(b.left, b.top, b.side));
                found.iter().map(|point| [point.x() as f64, point.y() as f64]).collect()
            })
            .collect())
    }
}

fn rectangle(left: f64, top: f64, side: f64) -> Rectangle {
    Rectangle {
        left: left.round() as i64,
        top: top.round() as i64,
        right: (left + side).round() as i64 - 1,
        bottom: (top + side).round() as i64 - 1,
    }
}

#[allow(unsafe_code)]
fn matrix(rgb: &[u8], width: usize, height: usize) -> ImageMatrix {
    assert_eq!(rgb.len(), width * height * 3, "a raster has three bytes a pixel");
    // SAFETY: `new` reads width * height * 3 bytes from the pointer, which the slice holds, and
    // copies them.
    unsafe { ImageMatrix::new(width, height, rgb.as_ptr()) }
}
