//! Landmarks from a network, which sees each chip as it is and mirrored.

use mungpy_core::face::{
    self, FaceError, Landmarks, Placement, QualityLimits, Species, SymmetricShape, points_of,
};

use super::Jitter;
use crate::{
    extract::ExtractError,
    photo::{Chip, PhotoError, Raster, Warp},
    vision::{
        Detection, LandmarkNetwork,
        landmarking::{
            ALIGNMENT_CENTROID_RISE, ALIGNMENT_CENTROID_SIZE, BOXES_JITTERS, CHIP_DROP, CHIP_REACH,
            CHIP_SIDE, REFINEMENT_MEAN_FEATURES, REFINEMENT_TOWARDS_MEAN, REFINEMENT_WARP_MARGIN,
        },
    },
};

/// The frame outside a chip that stays in place when the chip is warped.
const AROUND_CHIP: [[f64; 2]; 2] = {
    let (side, margin) = (CHIP_SIDE as f64, REFINEMENT_WARP_MARGIN);
    [[-margin * side; 2], [(1.0 + margin) * side; 2]]
};

/// How often a network looks at a face, and at which chips.
#[derive(Debug, Clone, Copy)]
pub(in crate::extract) enum LookPlan {
    /// In rounds. Each looks at that many jittered boxes, as they are and mirrored. From the second
    /// round on, the face found by the previous round is warped towards the mean face.
    RefinedTowardsMean {
        /// Jittered boxes of each round.
        boxes: &'static [usize],
    },
    /// Once at the box, then at the chip in which the landmarks found there lie as in the mean
    /// face: where the detector drew its box and how the head is tilted then matters little.
    Aligned {
        /// Whether the aligned chip's mirror image is looked at as well.
        mirrored: bool,
    },
}

/// The predictions of each round.
pub(super) fn predict(
    raster: &Raster,
    face: &Detection,
    network: &mut LandmarkNetwork,
    looks: LookPlan,
) -> Result<Vec<Vec<Landmarks>>, ExtractError> {
    match looks {
        LookPlan::Aligned { mirrored } => aligned(raster, face, network, mirrored),
        LookPlan::RefinedTowardsMean { boxes: rounds } => {
            let mut found = vec![jittered(raster, face, rounds[0], |chip| plain(chip, network))?];
            for &boxes in &rounds[1..] {
                let seen = super::robust_mean(&found[found.len() - 1]);
                let look = |chip: &Chip| refined(chip, &seen, network);
                found.push(jittered(raster, face, boxes, look)?);
            }
            Ok(found)
        }
    }
}

/// Predictions of a look at the chips of jittered boxes.
fn jittered(
    raster: &Raster,
    face: &Detection,
    boxes: usize,
    mut look: impl FnMut(&Chip) -> Result<[Landmarks; 2], ExtractError>,
) -> Result<Vec<Landmarks>, ExtractError> {
    let mut predictions = Vec::with_capacity(2 * boxes);
    for jitter in &BOXES_JITTERS[..boxes] {
        predictions.extend(look(&chip(raster, face, *jitter)?)?);
    }
    Ok(predictions)
}

/// Looks at a chip as it is; returns pixels of the raster.
fn plain(chip: &Chip, network: &mut LandmarkNetwork) -> Result<[Landmarks; 2], ExtractError> {
    let found = both_ways(&chip.raster, network)?;
    Ok(found.map(|found| found.map(|point| chip.to_raster(point))))
}

/// Looks at a chip after warping the face most of the way to the mean face, as if its landmarks
/// were `seen`. Both `seen` and the result are in pixels of the raster.
///
/// A network pulls unusual faces towards the mean. Where the warped face still differs from the
/// mean face, the previous look was wrong by that much; warping the prediction back corrects it
/// (pose-indexed regression: Dollár, Welinder & Perona, CVPR 2010).
fn refined(
    chip: &Chip,
    seen: &Landmarks,
    network: &mut LandmarkNetwork,
) -> Result<[Landmarks; 2], ExtractError> {
    let from = seen.map(|point| chip.from_raster(point));
    let to = towards_mean(&from)?;
    let warp = Warp::moving(&from.0, &to.0, AROUND_CHIP).ok_or(FaceError::Degenerate)?;
    let found = both_ways(&chip.raster.warped(&warp)?, network)?;
    Ok(found.map(|found| found.map(|point| chip.to_raster(warp.source(point)))))
}

fn towards_mean(landmarks: &Landmarks) -> Result<Landmarks, FaceError> {
    let mean = SymmetricShape::from_points(points_of(&REFINEMENT_MEAN_FEATURES))?;
    let mean = face::reshaped(landmarks, &mean)?;
    let part = |a: f64, b: f64| a + REFINEMENT_TOWARDS_MEAN * (b - a);
    Ok(Landmarks(std::array::from_fn(|i| {
        let (point, mean) = (landmarks.0[i], mean.0[i]);
        [part(point[0], mean[0]), part(point[1], mean[1])]
    })))
}

/// Predictions in the aligned chip; those that tell how much looks disagree come first: the
/// chip and its mirror image, or the box and the chip.
fn aligned(
    raster: &Raster,
    face: &Detection,
    network: &mut LandmarkNetwork,
    mirrored: bool,
) -> Result<Vec<Vec<Landmarks>>, ExtractError> {
    let chip = chip(raster, face, BOXES_JITTERS[0])?;
    let first = network.predict(std::slice::from_ref(&chip.raster))?.remove(0);
    let first = first.map(|point| chip.to_raster(point));
    let place = Placement::of(&first)?;
    let side = place.size / ALIGNMENT_CENTROID_SIZE;
    let down = ALIGNMENT_CENTROID_RISE * side;
    let [x, y] = place.centroid;
    let middle = [x - down * place.roll.sin(), y + down * place.roll.cos()];
    let chip = raster.upright_chip(middle, side, place.roll, CHIP_SIDE)?;
    if mirrored {
        let found = both_ways(&chip.raster, network)?;
        return Ok(vec![found.map(|found| found.map(|point| chip.to_raster(point))).to_vec()]);
    }
    let found = network.predict(std::slice::from_ref(&chip.raster))?.remove(0);
    let found = found.map(|point| chip.to_raster(point));
    Ok(vec![vec![first, found], vec![found]])
}

/// The landmarks in a chip as it is and in its mirror image, both in pixels of the chip.
fn both_ways(chip: &Raster, network: &mut LandmarkNetwork) -> Result<[Landmarks; 2], ExtractError> {
    let direct = network.predict(std::slice::from_ref(chip))?.remove(0);
    let mirrored = network.predict(&[chip.mirrored()?])?.remove(0);
    Ok([direct, mirrored.mirrored(CHIP_SIDE as f64)])
}

/// Whether a box shows a face. The face scores of the chip as it is and mirrored must be positive
/// in sum, and the landmarks of both must agree.
pub(super) fn is_face(
    raster: &Raster,
    face: &Detection,
    network: &mut LandmarkNetwork,
) -> Result<bool, ExtractError> {
    let chip = chip(raster, face, BOXES_JITTERS[0])?.raster;
    let (direct, face_score) =
        network.predict_with_face_score(std::slice::from_ref(&chip))?.remove(0);
    let (mirrored, other) = network.predict_with_face_score(&[chip.mirrored()?])?.remove(0);
    if face_score + other <= 0.0 {
        return Ok(false);
    }
    let both = [direct, mirrored.mirrored(CHIP_SIDE as f64)];
    let disagreement = super::disagreement(&both, &super::robust_mean(&both));
    Ok(disagreement <= QualityLimits::of(Species::Dog).max_landmark_disagreement)
}

fn chip(raster: &Raster, face: &Detection, [dx, dy, scale]: Jitter) -> Result<Chip, PhotoError> {
    let ([x, y], side) = (face.centre(), face.side());
    let reach = side * CHIP_REACH * scale;
    let left = x + side * dx - reach / 2.0;
    let top = y + side * (dy + CHIP_DROP) - reach / 2.0;
    raster.chip(left, top, reach, CHIP_SIDE)
}
