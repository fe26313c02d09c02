//! Landmarks by a network: in chips, each seen as it is and mirrored.

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

/// What stays when a chip is warped: a frame outside of it.
const AROUND_CHIP: [[f64; 2]; 2] = {
    let (side, margin) = (CHIP_SIDE as f64, REFINEMENT_WARP_MARGIN);
    [[-margin * side; 2], [(1.0 + margin) * side; 2]]
};

/// How often a network looks at a face, and at what of it.
#[derive(Debug, Clone, Copy)]
pub(in crate::extract) enum LookPlan {
    /// In rounds, each at so many jittered boxes as they are and mirrored; from the second
    /// round on with the face that the last one found warped towards the mean face.
    RefinedTowardsMean {
        /// Jittered boxes of each round.
        boxes: &'static [usize],
    },
    /// Once at the box, then at the chip in which the landmarks found there lie as
    /// in the mean face, as it is and mirrored: where the detector drew its box and
    /// how the head is tilted then matters little.
    Aligned,
}

/// Predictions of each round.
pub(super) fn predict(
    raster: &Raster,
    face: &Detection,
    network: &mut LandmarkNetwork,
    looks: LookPlan,
) -> Result<Vec<Vec<Landmarks>>, ExtractError> {
    match looks {
        LookPlan::Aligned => Ok(vec![aligned(raster, face, network)?]),
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

/// What a look finds in the chips of jittered boxes.
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

/// A look at a chip as it is; in pixels of the raster.
fn plain(chip: &Chip, network: &mut LandmarkNetwork) -> Result<[Landmarks; 2], ExtractError> {
    let found = both_ways(&chip.raster, network)?;
    Ok(found.map(|found| found.map(|point| chip.to_raster(point))))
}

/// A look at a chip with the face warped most of the way to the mean face as if its
/// landmarks, in pixels of the raster as those found, were `seen`.
///
/// A network draws unusual faces towards the mean. Where the warped face still is not
/// the mean one, the last look was wrong by as much, and what it found there
/// is warped back (pose-indexed regression: Dollár, Welinder & Perona, CVPR 2010).
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

fn aligned(
    raster: &Raster,
    face: &Detection,
    network: &mut LandmarkNetwork,
) -> Result<Vec<Landmarks>, ExtractError> {
    let chip = chip(raster, face, BOXES_JITTERS[0])?;
    let first = network.predict(std::slice::from_ref(&chip.raster))?.remove(0);
    let place = Placement::of(&first.map(|point| chip.to_raster(point)))?;
    let side = place.size / ALIGNMENT_CENTROID_SIZE;
    let down = ALIGNMENT_CENTROID_RISE * side;
    let [x, y] = place.centroid;
    let middle = [x - down * place.roll.sin(), y + down * place.roll.cos()];
    let chip = raster.upright_chip(middle, side, place.roll, CHIP_SIDE)?;
    let found = both_ways(&chip.raster, network)?;
    Ok(found.map(|found| found.map(|point| chip.to_raster(point))).to_vec())
}

/// The landmarks in a chip as it is and in its mirror image, both in its pixels.
fn both_ways(chip: &Raster, network: &mut LandmarkNetwork) -> Result<[Landmarks; 2], ExtractError> {
    let direct = network.predict(std::slice::from_ref(chip))?.remove(0);
    let mirrored = network.predict(&[chip.mirrored()?])?.remove(0);
    Ok([direct, mirrored.mirrored(CHIP_SIDE as f64)])
}

/// Whether a box shows a face: the face_score on it as it is and mirrored, taken together,
/// and, where that says so, whether the landmarks of both lie at the same places.
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
