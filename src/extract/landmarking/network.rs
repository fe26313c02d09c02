//! Landmarks by a network: in chips, each seen as it is and mirrored.

use mungpy_core::face::{
    self, FEATURE_COUNT, FaceError, Landmarks, Placement, QualityLimits, Species, SymmetricShape,
    points_of,
};

use super::JITTERS;
use crate::{
    extract::ExtractError,
    photo::{Chip, PhotoError, Raster, Warp},
    vision::{CHIP_SIDE, Detection, LandmarkNetwork},
};

/// Side of the chip, in sides of the face box.
const REACH: f64 = 1.3;
/// How far the chip's middle lies below the box's, in sides of the box: chins
/// hang below the boxes.
const DROP: f64 = 0.18;

/// Of a face whose chip has been aligned, its centroid size in sides of the chip and
/// how far its centroid lies above the chip's middle: as the medians of 150 faces
/// in chips around their boxes.
const CENTROID_SIZE: f64 = 0.853;
const CENTROID_RISE: f64 = 0.134;

/// The [features](mungpy_core::face::features) of the mean of 563 marked dogs.
const MEAN_DOG: [f64; FEATURE_COUNT] = [
    0.236, 0.185, 0.135, 0.186, 0.101, 0.177, -0.189, -0.223, -0.173, -0.151, 0.096, 0.222, 0.028,
    0.187, 0.239, 0.381,
];
/// How far a face is warped towards the mean one for another look: all the way, and
/// landmarks that no picture shows well are lost (NME 5.0 % in place of 4.7).
const TOWARDS_MEAN: f64 = 0.6;
/// What stays when a chip is warped: a frame a quarter of its side outside of it.
const AROUND_CHIP: [[f64; 2]; 2] = [[-0.25 * CHIP_SIDE as f64; 2], [1.25 * CHIP_SIDE as f64; 2]];

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
    for jitter in &JITTERS[..boxes] {
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
    let mean = SymmetricShape::from_points(points_of(&MEAN_DOG))?;
    let mean = face::reshaped(landmarks, &mean)?;
    let part = |a: f64, b: f64| a + TOWARDS_MEAN * (b - a);
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
    let chip = chip(raster, face, JITTERS[0])?;
    let first = network.predict(std::slice::from_ref(&chip.raster))?.remove(0);
    let place = Placement::of(&first.map(|point| chip.to_raster(point)))?;
    let side = place.size / CENTROID_SIZE;
    let down = CENTROID_RISE * side;
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
    let chip = chip(raster, face, JITTERS[0])?.raster;
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

fn chip(
    raster: &Raster,
    face: &Detection,
    (dx, dy, scale): (f64, f64, f64),
) -> Result<Chip, PhotoError> {
    let ([x, y], side) = (face.centre(), face.side());
    let reach = side * REACH * scale;
    let left = x + side * dx - reach / 2.0;
    let top = y + side * (dy + DROP) - reach / 2.0;
    raster.chip(left, top, reach, CHIP_SIDE)
}
