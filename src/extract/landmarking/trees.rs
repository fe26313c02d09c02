//! Landmarks from dlib's trees: one chip with jittered boxes in it.

use mungpy_core::face::{Landmarks, Point};

use super::BoxedFace;
use crate::{
    extract::ExtractError,
    vision::{Predictor, SquareBox, landmarking::BOXES_JITTERS},
};

/// Side of the face box in the chip, in pixels. The predictor rounds to whole pixels, so small
/// faces are enlarged.
const BOX_SIDE: f64 = 300.0;
/// Margin added on every edge, in sides of the box.
const MARGIN: f64 = 0.5;

/// Number of points that the predictor finds.
pub(super) const POINTS: usize = 68;

pub(super) fn predict(
    BoxedFace { raster, face, .. }: &BoxedFace,
    predictor: &Predictor,
) -> Result<Vec<Landmarks>, ExtractError> {
    let [x, y] = face.centre();
    let reach = face.side() * (0.5 + MARGIN);
    let chip = raster.chip(
        x - reach,
        y - reach,
        2.0 * reach,
        (BOX_SIDE * (1.0 + 2.0 * MARGIN)) as usize,
    )?;
    let boxes = BOXES_JITTERS.map(|[dx, dy, scale]| SquareBox {
        left: BOX_SIDE * (MARGIN + dx + (1.0 - scale) / 2.0),
        top: BOX_SIDE * (MARGIN + dy + (1.0 - scale) / 2.0),
        side: BOX_SIDE * scale,
    });
    let predictions = predictor.predict(&chip.raster, &boxes)?;
    Ok(predictions
        .iter()
        .map(|points| {
            let points: &[Point; POINTS] =
                points[..].try_into().expect("Predictor::new has checked the number of points");
            Landmarks::from_ibug68(points).map(|point| chip.to_raster(point))
        })
        .collect())
}
