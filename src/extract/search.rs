//! Where in a photo the face is looked for, and at which size.

use super::ExtractError;
use crate::{
    face::{FaceError, Species},
    photo::{Raster, Turn},
    vision::{Detection, Detector, VisionError},
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

/// How sure a detector is of a face that need not be looked at twice.
///
/// dlib's HOG detector seldom errs. The CNN for dogs is set so low that it misses
/// few, and takes people and pillows for dogs as well: of 120 marked dogs it was
/// less sure of none. What it doubts is decided by the landmark network.
fn beyond_doubt(species: Species) -> f64 {
    match species {
        Species::Person => f64::NEG_INFINITY,
        Species::Dog => 1.4,
    }
}

/// Doubtful faces that are looked at twice, the surest of them.
const MOST_DOUBTFUL: usize = 6;

/// What finds the faces of a species.
pub(super) struct FaceFinder {
    species: Species,
    detector: Detector,
}

impl FaceFinder {
    pub(super) fn new(species: Species, detector: Detector) -> Self {
        Self { species, detector }
    }

    /// A copy for another worker.
    pub(super) fn try_clone(&self) -> Result<Self, VisionError> {
        Ok(Self { species: self.species, detector: self.detector.try_clone()? })
    }

    /// Finds the largest face that is sure enough. `is_face` decides on a doubtful
    /// one in a raster.
    pub(super) fn find(
        &mut self,
        raster: &Raster,
        mut is_face: impl FnMut(&Raster, &Detection) -> Result<bool, ExtractError>,
    ) -> Result<FoundFace, ExtractError> {
        let mut last_side = None;
        for pass in passes(self.species) {
            let side = pass.side.min(raster.long_side() * MAX_ENLARGEMENT);
            if last_side == Some((side, pass.turn)) {
                continue;
            }
            last_side = Some((side, pass.turn));
            let scaled = raster.resized(side)?.turned(pass.turn)?;
            let faces = self.faces(&scaled, &mut is_face)?;
            if let Some(face) = largest(&faces) {
                let factor = raster.long_side() as f64 / side as f64;
                let face = face.map(|[x, y]| [(x + 0.5) * factor - 0.5, (y + 0.5) * factor - 0.5]);
                return Ok(FoundFace { face, turn: pass.turn, faces_found: faces.len() });
            }
        }
        Err(FaceError::NoFace { species: self.species.name() }.into())
    }

    /// The faces beyond doubt; only where there is none, the doubtful ones that
    /// stand a second look.
    fn faces(
        &mut self,
        raster: &Raster,
        is_face: &mut impl FnMut(&Raster, &Detection) -> Result<bool, ExtractError>,
    ) -> Result<Vec<Detection>, ExtractError> {
        let mut faces = self.detector.detect(raster)?;
        let sure = faces.partition_point(|face| face.confidence >= beyond_doubt(self.species));
        if sure > 0 {
            faces.truncate(sure);
            return Ok(faces);
        }
        let mut kept = Vec::new();
        for face in faces.into_iter().take(MOST_DOUBTFUL) {
            if is_face(raster, &face)? {
                kept.push(face);
            }
        }
        Ok(kept)
    }
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
