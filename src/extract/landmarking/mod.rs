//! Landmarks of a found face: several predictions, averaged robustly.

mod network;
mod trees;

use std::sync::Arc;

pub(super) use network::LookPlan;

use mungpy_core::face::{Landmarks, landmarks};

use super::ExtractError;
use crate::{
    photo::Raster,
    vision::{Detection, LandmarkNetwork, Predictor, VerifiedModel, VisionError},
};

/// Shift of the box in x and y, and its scale, as shares of its side.
type Jitter = [f64; 3];

/// Side of the face chip in which sharpness is measured, in pixels.
const SHARPNESS_SIDE: usize = 256;

/// The model that finds landmarks in a face box.
pub(super) enum LandmarkModel {
    /// dlib's trees with 68 points, shared by workers.
    Trees(Arc<Predictor>),
    /// A network of the project with 16 points, and its look plan.
    Network(LandmarkNetwork, LookPlan),
}

impl LandmarkModel {
    pub(super) fn trees(model: &VerifiedModel) -> Result<Self, VisionError> {
        Ok(Self::Trees(Arc::new(Predictor::new(model, trees::POINTS)?)))
    }

    pub(super) fn network(model: &VerifiedModel, looks: LookPlan) -> Result<Self, VisionError> {
        Ok(Self::Network(LandmarkNetwork::new(model)?, looks))
    }

    /// Clones the model for another worker.
    pub(super) fn try_clone(&self) -> Result<Self, VisionError> {
        Ok(match self {
            Self::Trees(predictor) => Self::Trees(Arc::clone(predictor)),
            Self::Network(network, looks) => Self::Network(network.try_clone()?, *looks),
        })
    }
}

/// Landmarks in pixels of the raster, and how far the predictions disagree.
pub(super) struct LandmarkEstimate {
    pub(super) landmarks: Landmarks,
    /// Root mean square distance of the first round's predictions from their mean, as a
    /// share of the interocular distance.
    pub(super) disagreement: f64,
    pub(super) sharpness: f64,
}

/// A face whose landmarks are to be found.
pub(super) struct BoxedFace<'a> {
    /// The raster in which it is upright.
    pub(super) raster: &'a Raster,
    /// Its box, in pixels of the raster.
    pub(super) face: Detection,
    /// What a network saw in the box already.
    pub(super) first_look: Option<FirstLook>,
}

/// The landmarks in the chip of the box and in its mirror image, in pixels of the raster.
pub(super) type FirstLook = [Landmarks; 2];

/// Predicts the landmarks of each face.
pub(super) fn locate(
    faces: &[BoxedFace],
    model: &mut LandmarkModel,
) -> Vec<Result<LandmarkEstimate, ExtractError>> {
    let rounds = match model {
        LandmarkModel::Trees(predictor) => {
            faces.iter().map(|face| Ok(vec![trees::predict(face, predictor)?])).collect()
        }
        LandmarkModel::Network(network, looks) => network::predict(faces, network, *looks),
    };
    faces.iter().zip(rounds).map(|(face, rounds)| estimate(face, &rounds?)).collect()
}

fn estimate(
    BoxedFace { raster, face, .. }: &BoxedFace,
    rounds: &[Vec<Landmarks>],
) -> Result<LandmarkEstimate, ExtractError> {
    let (first, last) = (&rounds[0], &rounds[rounds.len() - 1]);
    let ([x, y], side) = (face.centre(), face.side());
    let core = raster.chip(x - side / 2.0, y - side / 2.0, side, SHARPNESS_SIDE)?;
    Ok(LandmarkEstimate {
        disagreement: disagreement(first, &robust_mean(first)),
        landmarks: robust_mean(last),
        sharpness: core.raster.sharpness()?,
    })
}

/// Looks at boxes that may show a face. `None` stands for one that shows none, as far as the model
/// can tell; the trees cannot.
pub(super) fn first_looks(
    faces: &[BoxedFace],
    model: &mut LandmarkModel,
) -> Vec<Result<Option<FirstLook>, ExtractError>> {
    match model {
        LandmarkModel::Trees(predictor) => {
            let looks = |found: Vec<Landmarks>| Some([found[0], found[1]]);
            faces.iter().map(|face| trees::predict(face, predictor).map(looks)).collect()
        }
        LandmarkModel::Network(network, _) => network::first_looks(faces, network),
    }
}

/// Interquartile mean of each coordinate, robust to two wild predictions.
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

fn disagreement(predictions: &[Landmarks], mean: &Landmarks) -> f64 {
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
    use crate::vision::landmarking::{BOXES_JITTERS, DOGS_LOOKS};

    #[test]
    fn one_wild_prediction_does_not_move_the_mean() {
        let steady = Landmarks(std::array::from_fn(|i| [10.0 * i as f64, 5.0]));
        let wild = steady.map(|[x, y]| [x + 500.0, y - 500.0]);
        let mut predictions = vec![steady; 8];
        predictions.push(wild);
        assert_eq!(robust_mean(&predictions), steady);
        assert!(disagreement(&predictions, &steady) > 1.0);
    }

    #[test]
    fn boxes_are_symmetric_about_the_vertical_and_the_first_is_as_it_is() {
        for boxes in [&BOXES_JITTERS[..], &DOGS_LOOKS] {
            for &[dx, dy, scale] in boxes {
                let mirrored = [-dx, dy, scale];
                assert!(boxes.contains(&mirrored), "{mirrored:?} is not among {boxes:?}");
            }
            assert!(boxes[..1].contains(&[0.0, 0.0, 1.0]));
        }
    }
}
