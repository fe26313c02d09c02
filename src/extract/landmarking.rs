//! Landmarks of a found face: predicted several times, averaged robustly.

use super::ExtractError;
use crate::{
    face::{Landmarks, Point, Species, landmarks},
    photo::{Chip, Raster},
    vision::{Detection, Predictor, SquareBox},
};

/// How a face is cut out for the predictor: scaled so that its box has
/// `box_side` pixels, with a margin of half the box on every edge.
///
/// The predictor rounds to whole pixels, so a small face is enlarged; and a
/// predictor works best at the size that it was trained at.
fn box_side(species: Species) -> f64 {
    match species {
        Species::Person => 300.0,
        Species::Dog => 256.0,
    }
}
const MARGIN: f64 = 0.5;

/// Shift of the box in x and y and its scale, in shares of its side: as far as
/// detectors miss the true box. Symmetric about the vertical, so that a mirrored
/// photo is treated alike.
const JITTERS: [(f64, f64, f64); 9] = [
    (0.0, 0.0, 1.0),
    (-0.03, 0.0, 1.0),
    (0.03, 0.0, 1.0),
    (0.0, -0.03, 1.0),
    (0.0, 0.03, 1.0),
    (0.0, 0.0, 0.97),
    (0.0, 0.0, 1.03),
    (-0.02, 0.02, 1.0),
    (0.02, 0.02, 1.0),
];

/// Landmarks in pixels of the raster, and how much the predictions disagree.
pub(super) struct Located {
    pub(super) landmarks: Landmarks,
    /// Root mean square distance of the predictions from their mean, as a share
    /// of the interocular distance.
    pub(super) spread: f64,
    pub(super) sharpness: f64,
}

/// Predicts the landmarks of the face in `face`, a box in pixels of the raster.
pub(super) fn locate(
    raster: &Raster,
    face: &Detection,
    predictor: &Predictor,
    species: Species,
) -> Result<Located, ExtractError> {
    let length = f64::midpoint(face.width(), face.height());
    let [x, y] = face.centre();
    let (side, reach) = (box_side(species), length * (0.5 + MARGIN));
    let chip =
        raster.chip(x - reach, y - reach, 2.0 * reach, (side * (1.0 + 2.0 * MARGIN)) as usize)?;
    let boxes = JITTERS.map(|(dx, dy, scale)| SquareBox {
        left: side * (MARGIN + dx + (1.0 - scale) / 2.0),
        top: side * (MARGIN + dy + (1.0 - scale) / 2.0),
        side: side * scale,
    });
    let predictions: Vec<Landmarks> = predictor
        .predict(&chip.raster, &boxes)?
        .iter()
        .map(|points| to_sixteen(points, species))
        .collect();
    let mean = robust_mean(&predictions);
    let core = raster.chip(x - length / 2.0, y - length / 2.0, length, side as usize)?;
    Ok(Located {
        landmarks: in_raster(&mean, &chip),
        spread: spread(&predictions, &mean),
        sharpness: core.raster.sharpness()?,
    })
}

fn in_raster(landmarks: &Landmarks, chip: &Chip) -> Landmarks {
    landmarks.map(|point| chip.to_raster(point))
}

/// Number of points that the species' predictor gives.
pub(super) fn predicted_points(species: Species) -> usize {
    match species {
        Species::Person => 68,
        Species::Dog => landmarks::COUNT,
    }
}

fn to_sixteen(points: &[Point], species: Species) -> Landmarks {
    const CHECKED: &str = "Predictor::new has checked the number of points";
    match species {
        Species::Person => Landmarks::from_ibug68(points.try_into().expect(CHECKED)),
        Species::Dog => Landmarks(points.try_into().expect(CHECKED)),
    }
}

/// Interquartile mean of each coordinate: two wild predictions do no harm.
fn robust_mean(predictions: &[Landmarks]) -> Landmarks {
    let trimmed = predictions.len() / 4;
    let coordinate = |point: usize, axis: usize| {
        let mut values: Vec<f64> = predictions.iter().map(|p| p.0[point][axis]).collect();
        values.sort_by(f64::total_cmp);
        let kept = &values[trimmed..values.len() - trimmed];
        kept.iter().sum::<f64>() / kept.len() as f64
    };
    Landmarks(std::array::from_fn(|i| [coordinate(i, 0), coordinate(i, 1)]))
}

fn spread(predictions: &[Landmarks], mean: &Landmarks) -> f64 {
    let squares = predictions
        .iter()
        .flat_map(|p| p.0.iter().zip(&mean.0))
        .map(|(&a, &b)| landmarks::distance(a, b).powi(2));
    let count = (predictions.len() * landmarks::COUNT) as f64;
    (squares.sum::<f64>() / count).sqrt() / mean.interocular_distance()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wild_prediction_does_not_move_the_mean() {
        let steady = Landmarks(std::array::from_fn(|i| [10.0 * i as f64, 5.0]));
        let wild = steady.map(|[x, y]| [x + 500.0, y - 500.0]);
        let mut predictions = vec![steady; 8];
        predictions.push(wild);
        assert_eq!(robust_mean(&predictions), steady);
        assert!(spread(&predictions, &steady) > 1.0);
    }

    #[test]
    fn jitters_are_symmetric_about_the_vertical() {
        for (dx, dy, scale) in JITTERS {
            assert!(
                JITTERS.contains(&(-dx, dy, scale)),
                "({dx}, {dy}, {scale}) has no mirror image"
            );
        }
    }
}
