//! Where in a photo the face is looked for, and at which size.

use super::ExtractError;
use crate::{
    face::{FaceError, Species},
    photo::{Raster, Turn},
    vision::{Detection, Detector},
};

/// One look at a photo: scaled to a longer side of `side` pixels, turned.
#[derive(Debug, Clone, Copy)]
struct Pass {
    side: usize,
    turn: Turn,
}

/// Cheap looks first; the next is taken only when the last found nothing.
///
/// Small rasters show large faces fast (HOG: 480 px in ~30 ms), large ones the
/// small faces. Persons are then looked for sideways and upside down, because
/// many a photo has lost its EXIF orientation.
fn passes(species: Species) -> Vec<Pass> {
    match species {
        Species::Person => {
            let upright = [480, 960].map(|side| Pass { side, turn: Turn::None });
            let turned = [Turn::Quarter, Turn::ThreeQuarters, Turn::Half]
                .map(|turn| Pass { side: 480, turn });
            upright.into_iter().chain(turned).collect()
        }
        Species::Dog => [384, 768].map(|side| Pass { side, turn: Turn::None }).to_vec(),
    }
}

/// Most that a small photo is enlarged for a search.
const MAX_ENLARGEMENT: usize = 3;

/// The face that was chosen.
pub(super) struct FoundFace {
    /// Its box, in pixels of the raster turned by `turn`.
    pub(super) face: Detection,
    /// How the raster was turned when the face was found.
    pub(super) turn: Turn,
    /// Faces found in that look; the largest was chosen.
    pub(super) faces_found: usize,
}

/// Finds the largest face.
pub(super) fn find_face(
    raster: &Raster,
    detector: &mut Detector,
    species: Species,
) -> Result<FoundFace, ExtractError> {
    let mut last_side = None;
    for pass in passes(species) {
        let side = pass.side.min(raster.long_side() * MAX_ENLARGEMENT);
        if last_side == Some((side, pass.turn)) {
            continue;
        }
        last_side = Some((side, pass.turn));
        let scaled = raster.resized(side)?.turned(pass.turn)?;
        let faces = detector.detect(&scaled)?;
        if let Some(face) = largest(&faces) {
            let factor = raster.long_side() as f64 / side as f64;
            let face = face.map(|[x, y]| [(x + 0.5) * factor - 0.5, (y + 0.5) * factor - 0.5]);
            return Ok(FoundFace { face, turn: pass.turn, faces_found: faces.len() });
        }
    }
    Err(FaceError::NoFace { species: species.name() }.into())
}

/// A face must be so sure, as a share of the surest, to be preferred for its size:
/// what a detector takes for a face by mistake is often large and seldom sure.
const SURE: f64 = 0.5;

/// The largest of the faces that are sure enough.
fn largest(faces: &[Detection]) -> Option<&Detection> {
    let surest = faces.iter().map(|face| face.confidence).fold(0.0, f64::max);
    let sure = faces.iter().filter(|face| face.confidence >= SURE * surest);
    sure.max_by(|a, b| a.area().total_cmp(&b.area()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_mistake_does_not_hide_the_face() {
        let face = |side: f64, confidence: f64| Detection {
            left: 0.0,
            top: 0.0,
            right: side,
            bottom: side,
            confidence,
        };
        assert_eq!(largest(&[]), None);
        let faces = [face(80.0, 1.2), face(120.0, 0.9), face(300.0, 0.1)];
        assert_eq!(largest(&faces), Some(&faces[1]));
    }
}
