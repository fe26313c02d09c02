//! Where to look for the face in a photo, and at which size.

use mungpy_core::face::{FaceError, Species};

use super::{
    ExtractError,
    landmarking::{BoxedFace, FirstLook},
};
use crate::{
    photo::{Chip, PhotoError, Raster, Turn},
    vision::{Detection, Detector, VisionError},
};

/// One search over a photo.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pass {
    /// Longer side that the photo is scaled to, in pixels.
    side: usize,
    /// How the photo is turned.
    turn: Turn,
    /// Whether to search four overlapping quarters (two in a flat photo), because a detector's
    /// memory grows with the area (dlib's CNN: 0.8 GB for 1536 px).
    in_quarters: bool,
}

/// Which passes run. Cheap ones come first; each further one runs only if the last found nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Passes {
    /// Those over a small raster, which show large faces quickly (HOG: 320 px in 8 ms, 480 px in
    /// 17).
    Quick,
    /// Those that are left when the quick ones have found nothing.
    Thorough,
    /// All.
    All,
}

impl Passes {
    /// The passes of a species. Persons are at last searched for sideways and upside down, because
    /// many photos have lost their EXIF orientation.
    fn of(self, species: Species) -> Vec<Pass> {
        let (mut quick, thorough) = match species {
            Species::Person => {
                let turned = [Turn::Quarter, Turn::ThreeQuarters, Turn::Half]
                    .map(|turn| Pass { turn, ..Pass::upright(QUICK_SIDE) });
                let thorough = [Pass::upright(960)].into_iter().chain(turned).collect();
                (vec![Pass::upright(LARGE_FACES_SIDE), Pass::upright(QUICK_SIDE)], thorough)
            }
            Species::Dog => {
                let close = Pass { in_quarters: true, ..Pass::upright(CLOSE_SIDE) };
                (vec![Pass::upright(384)], vec![Pass::upright(768), close])
            }
        };
        match self {
            Self::Quick => quick,
            Self::Thorough => thorough,
            Self::All => {
                quick.extend(thorough);
                quick
            }
        }
    }
}

/// Longer side of a photo, in pixels, at which a person's face that is a quarter as wide is found.
const LARGE_FACES_SIDE: usize = 320;
/// Longer side, in pixels, that the quick passes over a photo of a person need at most.
pub(super) const QUICK_SIDE: usize = 480;

/// At this side, a head of 40 px in a photo of 960 px has 69 px. The detector's window has 80 px:
/// it misses 3 of 60 such heads, and 8 at 1536 px.
const CLOSE_SIDE: usize = 1664;
/// Largest factor by which a photo is enlarged to search its quarters.
const MAX_CLOSE_ENLARGEMENT: f64 = CLOSE_SIDE as f64 / 960.0;
/// Side of a quarter, as a share of the photo's longer side. Two quarters overlap by three of the
/// smallest heads, and a 16:9 photo has a single row of them.
const QUARTER: f64 = 0.57;

/// Shortest side that dlib accepts, in pixels.
const SHORTEST_SIDE: usize = 16;
/// Largest factor by which a small photo is enlarged for a search.
const MAX_ENLARGEMENT: usize = 3;

impl Pass {
    /// A pass over the whole photo as it stands.
    fn upright(side: usize) -> Self {
        Self { side, turn: Turn::None, in_quarters: false }
    }

    /// Adapts the pass to a raster with this longer side; `None` if it is not worth running.
    fn within(self, long_side: usize) -> Option<Self> {
        if !self.in_quarters {
            return Some(Self { side: self.side.min(long_side * MAX_ENLARGEMENT), ..self });
        }
        let side = self.side.min((long_side as f64 * MAX_CLOSE_ENLARGEMENT) as usize);
        // Below this, it would show hardly more than the previous pass.
        (side >= 1000).then_some(Self { side, ..self })
    }

    /// The views of a raster to search, scaled and turned; none for a strip too narrow to hold a
    /// face.
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

/// Start positions of pieces of this length that cover a side: two, or a centred one if the side is
/// no longer than a piece.
fn starts(all: f64, length: f64) -> Vec<f64> {
    if all <= length { vec![(all - length) / 2.0] } else { vec![0.0, all - length] }
}

/// The chosen face.
pub(super) struct FoundFace {
    /// Its box, in pixels of the raster turned by `turn`.
    pub(super) face: Detection,
    /// How the raster was turned when the face was found.
    pub(super) turn: Turn,
    /// Number of faces found in that pass; the largest was chosen.
    pub(super) faces_found: usize,
    /// What the landmark network saw in the box, if it had to confirm the face.
    pub(super) first_look: Option<FirstLook>,
}

/// Confidence from which a detection counts without confirmation.
///
/// dlib's HOG detector seldom errs. The dog CNN's threshold is set low so that it misses few dogs,
/// so it also takes people and pillows for dogs. All of 120 marked dogs scored above the value
/// here; the landmark network decides on anything less certain. It also decides on everything found
/// in an enlarged photo, where the CNN has been certain about the buttons of a blouse.
fn beyond_doubt(species: Species, pass: Pass) -> f64 {
    match species {
        Species::Person if pass.side == LARGE_FACES_SIDE => SURELY_LARGE,
        Species::Person => f64::NEG_INFINITY,
        Species::Dog if pass.in_quarters => f64::INFINITY,
        Species::Dog => 1.4,
    }
}

/// Confidence from which a person's face counts that only the smallest pass has seen. The next pass
/// sees it as well, and finds what else there is.
const SURELY_LARGE: f64 = 0.3;

/// Largest number of uncertain faces to check, most certain first.
const MOST_DOUBTFUL: usize = 6;

/// Finds the faces of a species.
pub(super) struct FaceFinder {
    species: Species,
    detector: Detector,
}

impl FaceFinder {
    pub(super) fn new(species: Species, detector: Detector) -> Self {
        Self { species, detector }
    }

    /// Clones the finder for another worker.
    pub(super) fn try_clone(&self) -> Result<Self, VisionError> {
        Ok(Self { species: self.species, detector: self.detector.try_clone()? })
    }

    /// Finds the largest face that is sufficiently certain in each raster. `look` decides on
    /// uncertain ones: it returns what it saw in a box, or `None` if that is no face.
    ///
    /// A pass searches all rasters that still lack a face.
    pub(super) fn find(
        &mut self,
        rasters: &[&Raster],
        passes: Passes,
        mut look: impl FnMut(&[BoxedFace]) -> Vec<Result<Option<FirstLook>, ExtractError>>,
    ) -> Vec<Result<FoundFace, ExtractError>> {
        let mut outcomes: Vec<Option<Result<FoundFace, ExtractError>>> =
            rasters.iter().map(|_| None).collect();
        let mut last = vec![None; rasters.len()];
        for pass in passes.of(self.species) {
            let mut due = Vec::new();
            for (number, raster) in rasters.iter().enumerate() {
                let pass = pass.within(raster.long_side());
                if outcomes[number].is_none() && pass.is_some() && pass != last[number] {
                    last[number] = pass;
                    due.extend(pass.map(|pass| (number, pass)));
                }
            }
            let searches: Vec<(&Raster, Pass)> =
                due.iter().map(|&(number, pass)| (rasters[number], pass)).collect();
            for ((number, pass), faces) in due.into_iter().zip(self.search(&searches, &mut look)) {
                outcomes[number] = match faces {
                    Ok(faces) => chosen(&faces, pass).map(Ok),
                    Err(error) => Some(Err(error)),
                };
            }
        }
        let species = self.species.name();
        let no_face = || Err(FaceError::NoFace { species }.into());
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(no_face)).collect()
    }

    /// The faces that a pass finds in each raster, each once, in pixels of the turned raster: the
    /// certain ones, or, if there are none, the uncertain ones that a look confirms. Only dogs are
    /// doubted, and they are searched upright.
    fn search(
        &mut self,
        searches: &[(&Raster, Pass)],
        look: &mut impl FnMut(&[BoxedFace]) -> Vec<Result<Option<FirstLook>, ExtractError>>,
    ) -> Vec<Result<Vec<Candidate>, ExtractError>> {
        let mut found = self.detect(searches);
        let mut doubted = Vec::new();
        let mut counts = vec![0; found.len()];
        for (number, &(raster, pass)) in searches.iter().enumerate() {
            let Ok(faces) = &mut found[number] else { continue };
            let least = beyond_doubt(self.species, pass);
            let sure = faces.partition_point(|face| face.confidence >= least);
            // A person of whom a pass is not sure is left to the next one.
            if sure > 0 || self.species == Species::Person {
                faces.truncate(sure);
                continue;
            }
            faces.truncate(MOST_DOUBTFUL);
            counts[number] = faces.len();
            doubted.extend(faces.iter().map(|&face| BoxedFace { raster, face, first_look: None }));
        }
        let mut looks = look(&doubted).into_iter();
        let results = found.into_iter().zip(counts).map(|(faces, count)| {
            let looks: Vec<_> = looks.by_ref().take(count).collect();
            if count > 0 { confirmed(faces?, looks) } else { Ok(sure(faces?)) }
        });
        results.collect()
    }

    /// Detections in the views of each search, most certain first, in pixels of the raster that the
    /// views show.
    fn detect(
        &mut self,
        searches: &[(&Raster, Pass)],
    ) -> Vec<Result<Vec<Detection>, ExtractError>> {
        let views: Vec<Result<Vec<Chip>, PhotoError>> =
            searches.iter().map(|(raster, pass)| pass.views(raster)).collect();
        let rasters: Vec<&Raster> =
            views.iter().flatten().flatten().map(|view| &view.raster).collect();
        let mut detections = self.detector.detect_many(&rasters).into_iter();
        let results = views.into_iter().map(|views| {
            let views = views?;
            let faces: Vec<_> = detections.by_ref().take(views.len()).collect();
            Ok(merged(&views, faces.into_iter().collect::<Result<_, VisionError>>()?))
        });
        results.collect()
    }
}

/// The chosen face of a pass.
fn chosen(candidates: &[Candidate], pass: Pass) -> Option<FoundFace> {
    let faces: Vec<Detection> = candidates.iter().map(|&(face, _)| face).collect();
    let face = *largest(&faces)?;
    let (_, first_look) = *candidates.iter().find(|(other, _)| *other == face)?;
    Some(FoundFace { face, turn: pass.turn, faces_found: faces.len(), first_look })
}

/// A face that counts, and what the landmark network saw in it if it was uncertain.
type Candidate = (Detection, Option<FirstLook>);

fn sure(faces: Vec<Detection>) -> Vec<Candidate> {
    faces.into_iter().map(|face| (face, None)).collect()
}

/// The uncertain faces that the looks confirm.
fn confirmed(
    faces: Vec<Detection>,
    looks: Vec<Result<Option<FirstLook>, ExtractError>>,
) -> Result<Vec<Candidate>, ExtractError> {
    let mut kept = Vec::new();
    for (face, look) in faces.into_iter().zip(looks) {
        kept.extend(look?.map(|look| (face, Some(look))));
    }
    Ok(kept)
}

/// Detections in overlapping views, each face once, most certain first.
fn merged(views: &[Chip], detections: Vec<Vec<Detection>>) -> Vec<Detection> {
    let mut all = Vec::new();
    for (number, (view, faces)) in views.iter().zip(detections).enumerate() {
        all.extend(faces.iter().map(|face| (face.map(|point| view.to_raster(point)), number)));
    }
    all.sort_by(|a, b| b.0.confidence.total_cmp(&a.0.confidence));
    let mut found: Vec<(Detection, usize)> = Vec::new();
    for (face, view) in all {
        let is_seen =
            |(other, its): &(Detection, usize)| *its != view && other.overlap(&face) > SAME_FACE;
        if !found.iter().any(is_seen) {
            found.push((face, view));
        }
    }
    found.into_iter().map(|(face, _)| face).collect()
}

/// Overlap (intersection over union) above which boxes in two views belong to the same face.
const SAME_FACE: f64 = 0.3;

/// Confidence that a face needs to be preferred for its size, as a share of the highest confidence:
/// false detections are often large and seldom certain.
const SURE: f64 = 0.5;

/// The largest of the sufficiently certain faces.
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
        let close = Passes::All.of(Species::Dog)[2];
        assert_eq!(close.within(384), None);
        assert_eq!(close.within(640).map(|pass| pass.side), Some(1109));
        assert_eq!(close.within(1900).map(|pass| pass.side), Some(CLOSE_SIDE));
    }
}
