//! Landmarks by the network: jittered chips, each seen as it is and mirrored.

use super::JITTERS;
use crate::{
    extract::ExtractError,
    face::Landmarks,
    photo::{Chip, PhotoError, Raster},
    vision::{CHIP_SIDE, Detection, LandmarkNetwork},
};

/// Side of the chip, in sides of the face box.
const REACH: f64 = 1.3;
/// How far the chip's middle lies below the box's, in sides of the box: chins
/// hang below the boxes.
const DROP: f64 = 0.18;

pub(super) fn predict(
    raster: &Raster,
    face: &Detection,
    network: &mut LandmarkNetwork,
    tries: usize,
) -> Result<Vec<Landmarks>, ExtractError> {
    let mut predictions = Vec::with_capacity(2 * tries);
    for jitter in &JITTERS[..tries] {
        let chip = chip(raster, face, *jitter)?;
        for (mirrored, seen) in [(false, &chip.raster), (true, &chip.raster.mirrored()?)] {
            let found = network.predict(std::slice::from_ref(seen))?.remove(0);
            let found = if mirrored { found.mirrored(CHIP_SIDE as f64) } else { found };
            predictions.push(found.map(|point| chip.to_raster(point)));
        }
    }
    Ok(predictions)
}

/// What the network says of the box as it is.
pub(super) fn is_face(
    raster: &Raster,
    face: &Detection,
    network: &mut LandmarkNetwork,
) -> Result<bool, ExtractError> {
    Ok(network.is_face(&chip(raster, face, JITTERS[0])?.raster)?)
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
