//! Where in a photo the face is looked for, and at which size.

use mungpy_core::face::{FaceError, Species};

use super::ExtractError;
use crate::{
    photo::{Chip, PhotoError, Raster, Turn},
    vision::{Detection, Detector, VisionError},
};

/// One search of a photo.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pass {
    /// Longer side that the photo is scaled to, in pixels.
    side: usize,
    /// How it is turned.
    turn: Turn,
    /// Whether it is searched in four overlapping quarters (two of a flat one): a
    /// detector's memory grows with the area (dlib's CNN: 0.8 GB for 1536 px).
    in_quarters: bool,
}

/// Cheap passes first; the next is taken only when the last found nothing.
///
/// Small rasters show large faces fast (HOG: 480 px in ~30 ms), large ones the
/// small faces. Persons are then looked for sideways and upside down, because
/// many a photo has lost its EXIF orientation.
fn passes(species: Species) -> Vec<Pass> {
    let upright = |side| Pass { side, turn: Turn::None, in_quarters: false };
    match species {
        Species::Person => {
            let turned = [Turn::Quarter, Turn::ThreeQuarters, Turn::Half]
                .map(|turn| Pass { turn, ..upright(480) });
            [480, 960].map(upright).into_iter().chain(turned).collect()
        }
        Species::Dog => {
            let close = Pass { in_quarters: true, ..upright(CLOSE_SIDE) };
            [384, 768].map(upright).into_iter().chain([close]).collect()
        }
    }
}

/// A head of 40 px in a photo of 960 px has 69 px at this side. The detector's
/// window has 80 px: of 60 such heads it misses 3, and 8 at 1536 px.
const CLOSE_SIDE: usize = 1664;
/// Most that a photo is enlarged for the look at its quarters.
const MAX_CLOSE_ENLARGEMENT: f64 = CLOSE_SIDE as f64 / 960.0;
/// Share of a photo's longer side that a quarter has: two of them overlap by three of
/// the smallest heads, and a photo of 16:9 has one row of them.
const QUARTER: f64 = 0.57;

/// Side below which dlib takes no picture, in pixels.
const SHORTEST_SIDE: usize = 16;
/// Most that a small photo is enlarged for a search.
const MAX_ENLARGEMENT: usize = 3;

impl Pass {
    /// The pass over a raster of this longer side; `None` if it is not worth it.
    fn within(self, long_side: usize) -> Option<Self> {
        if !self.in_quarters {
            return Some(Self { side: self.side.min(long_side * MAX_ENLARGEMENT), ..self });
        }
        let side = self.side.min((long_side as f64 * MAX_CLOSE_ENLARGEMENT) as usize);
        // Hardly more than the pass before it has seen.
        (side >= 1000).then_some(Self { side, ..self })
    }

    /// What is searched of a raster, scaled and turned; nothing of a strip that has too
    /// little height for a face.
    fn views(self, raster: &Raster) -> Result<Vec<Chip>, PhotoError> {
        if !self.in_quarters {
            let short_side = raster.width().min(raster.height()) * self.side / raster.long_side();
            let is_strip = short_side < SHORTEST_SIDE;
            return if is_strip {
                Ok(Vec::new())
            } else {
                Ok(vec![raster.whole(self.side, self.turn)?])
            };
        }
        let length = QUARTER * raster.long_side() as f64;
        let side = (QUARTER * self.side as f64).round() as usize;
        let [columns, rows] =
            [raster.width(), raster.height()].map(|all| starts(all as f64, length));
        let corners = rows.iter().flat_map(|&top| columns.iter().map(move |&left| (left, top)));
        corners.map(|(left, top)| raster.chip(left, top, length, side)).collect()
    }
}

/// Where pieces of a length begin that cover a side between them: two, or one in
/// the middle of a side that is no longer than a piece.
fn starts(all: f64, length: f64) -> Vec<f64> {
    if all <= length { vec![(all - length) / 2.0] } else { vec![0.0, all - length] }
}

/// The face that was chosen.
pub(super) struct FoundFace {
    /// Its box, in pixels of the raster turned by `turn`.
    pub(super) face: Detection,
    /// How the raster was turned when the face was found.
    pub(super) turn: Turn,
    /// Faces found in that pass; the largest was chosen.
    pub(super) faces_found: usize,
}

/// How sure a detector is of a face that need not be looked at twice.
///
/// dlib's HOG detector seldom errs. The CNN for dogs is set so low that it misses
/// few, and takes people and pillows for dogs as well: of 120 marked dogs it was
/// less sure of none. What it doubts is decided by the landmark network, and all that
/// it finds in an enlarged photo, where it has been sure of the buttons of a blouse.
fn beyond_doubt(species: Species, pass: Pass) -> f64 {
    match species {
        Species::Person => f64::NEG_INFINITY,
        Species::Dog if pass.in_quarters => f64::INFINITY,
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
        let mut last = None;
        for pass in passes(self.species) {
            let Some(pass) = pass.within(raster.long_side()).filter(|&pass| last != Some(pass))
            else {
                continue;
            };
            last = Some(pass);
            let faces = self.search(raster, pass, &mut is_face)?;
            if let Some(&face) = largest(&faces) {
                return Ok(FoundFace { face, turn: pass.turn, faces_found: faces.len() });
            }
        }
        Err(FaceError::NoFace { species: self.species.name() }.into())
    }

    /// The faces that a pass finds in a raster, in pixels of the turned one, each once:
    /// those beyond doubt; only where there is none, the doubtful ones that stand a
    /// second look.
    fn search(
        &mut self,
        raster: &Raster,
        pass: Pass,
        mut is_face: impl FnMut(&Raster, &Detection) -> Result<bool, ExtractError>,
    ) -> Result<Vec<Detection>, ExtractError> {
        let views = pass.views(raster)?;
        let mut found = self.detect(&views)?;
        let least = beyond_doubt(self.species, pass);
        let sure = found.partition_point(|(face, _)| face.confidence >= least);
        if sure > 0 {
            return Ok(found[..sure].iter().map(|(face, _)| *face).collect());
        }
        found.truncate(MOST_DOUBTFUL);
        let mut kept = Vec::new();
        for (face, view) in found {
            let view = &views[view];
            if is_face(&view.raster, &face.map(|point| view.from_raster(point)))? {
                kept.push(face);
            }
        }
        Ok(kept)
    }

    /// What the detector finds in overlapping views, the surest first: in pixels of the
    /// raster that they show, each with the number of its view.
    fn detect(&mut self, views: &[Chip]) -> Result<Vec<(Detection, usize)>, VisionError> {
        let mut all = Vec::new();
        for (number, view) in views.iter().enumerate() {
            let faces = self.detector.detect(&view.raster)?;
            all.extend(faces.iter().map(|f| (f.map(|point| view.to_raster(point)), number)));
        }
        all.sort_by(|a, b| b.0.confidence.total_cmp(&a.0.confidence));
        let mut found: Vec<(Detection, usize)> = Vec::new();
        for (face, view) in all {
            let is_seen = |(other, its): &(Detection, usize)| {
                *its != view && other.overlap(&face) > SAME_FACE
            };
            if !found.iter().any(is_seen) {
                found.push((face, view));
            }
        }
        Ok(found)
    }
}

/// Overlap (intersection over union) above which boxes in two views show one face.
const SAME_FACE: f64 = 0.3;

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

    #[test]
    fn quarters_cover_a_photo_and_overlap_by_small_heads() {
        assert_eq!(starts(540.0, QUARTER * 960.0).len(), 1, "16:9 has one row");
        for (width, height) in [(960.0, 960.0), (960.0, 720.0), (640.0, 960.0), (960.0, 300.0)] {
            let length = QUARTER * 960.0;
            for all in [width, height] {
                let pieces = starts(all, length);
                assert!(pieces[0] <= 0.0 && pieces[pieces.len() - 1] + length >= all);
                assert!(pieces.windows(2).all(|two| two[0] + length - two[1] >= 80.0));
            }
        }
    }

    #[test]
    fn only_photos_with_room_for_small_heads_are_searched_in_quarters() {
        let close = passes(Species::Dog)[2];
        assert_eq!(close.within(384), None);
        assert_eq!(close.within(640).map(|pass| pass.side), Some(1109));
        assert_eq!(close.within(1900).map(|pass| pass.side), Some(CLOSE_SIDE));
    }
}
