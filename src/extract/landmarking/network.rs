//! Landmarks by a network: in chips, each seen as it is and mirrored.

use super::JITTERS;
use crate::{
    extract::ExtractError,
    face::{Landmarks, Placement},
    photo::{Chip, PhotoError, Raster},
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

/// Landmark spread above which a box that the detector doubts shows no face.
const MOST_DOUBTFUL_SPREAD: f64 = 0.06;

/// How often a network looks at a face, and at what of it.
#[derive(Debug, Clone, Copy)]
pub(in crate::extract) enum Looks {
    /// At so many jittered boxes, each as it is and mirrored.
    Jittered(usize),
    /// Once at the box, then at the chip in which the landmarks found there lie as
    /// in the mean face, as it is and mirrored: where the detector drew its box and
    /// how the head is tilted then matters little.
    Aligned,
}

pub(super) fn predict(
    raster: &Raster,
    face: &Detection,
    network: &mut LandmarkNetwork,
    looks: Looks,
) -> Result<Vec<Landmarks>, ExtractError> {
    match looks {
        Looks::Jittered(tries) => jittered(raster, face, network, tries),
        Looks::Aligned => aligned(raster, face, network),
    }
}

fn jittered(
    raster: &Raster,
    face: &Detection,
    network: &mut LandmarkNetwork,
    tries: usize,
) -> Result<Vec<Landmarks>, ExtractError> {
    let mut predictions = Vec::with_capacity(2 * tries);
    for jitter in &JITTERS[..tries] {
        let chip = chip(raster, face, *jitter)?;
        let found = both_ways(&chip.raster, network)?;
        predictions.extend(found.map(|found| found.map(|point| chip.to_raster(point))));
    }
    Ok(predictions)
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

/// Whether a box shows a face: the verdict on it as it is and mirrored, taken together,
/// and, where that says so, whether the landmarks of both lie at the same places.
pub(super) fn is_face(
    raster: &Raster,
    face: &Detection,
    network: &mut LandmarkNetwork,
) -> Result<bool, ExtractError> {
    let chip = chip(raster, face, JITTERS[0])?.raster;
    if network.verdict(&chip)? + network.verdict(&chip.mirrored()?)? <= 0.0 {
        return Ok(false);
    }
    let both = both_ways(&chip, network)?;
    Ok(super::spread(&both, &super::robust_mean(&both)) <= MOST_DOUBTFUL_SPREAD)
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
