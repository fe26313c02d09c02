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
        let largest = faces.iter().max_by(|a, b| a.area().total_cmp(&b.area()));
        if let Some(face) = largest {
            let factor = raster.long_side() as f64 / side as f64;
            let face = face.map(|[x, y]| [(x + 0.5) * factor - 0.5, (y + 0.5) * factor - 0.5]);
            return Ok(FoundFace { face, turn: pass.turn, faces_found: faces.len() });
        }
    }
    Err(FaceError::NoFace { species: species.name() }.into())
}
