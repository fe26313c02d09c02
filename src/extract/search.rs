//! Finds the faces in a photo, pass by pass.

use mungpy_core::face::{FaceError, Species};

use super::{
    Demand, ExtractError,
    landmarking::{BoxedFace, FirstLook},
    passes::{LARGE_FACES_SIDE, Pass, Passes},
};
use crate::{
    photo::{Chip, PhotoError, Raster, Turn},
    vision::{Detection, Detector, VisionError},
};

/// The faces that a pass has found in a raster.
pub(super) struct FoundFaces {
    candidates: Vec<Candidate>,
    /// How the raster was turned when the faces were found.
    pub(super) turn: Turn,
}

/// One face of those that were found.
pub(super) struct FoundFace {
    /// Its box, in pixels of the raster turned by `turn`.
    pub(super) face: Detection,
    /// How the raster was turned when the face was found.
    pub(super) turn: Turn,
    /// Number of faces found in that pass.
    pub(super) faces_found: usize,
    /// What the landmark network saw in the box, if it had to confirm the face.
    pub(super) first_look: Option<FirstLook>,
}

impl FoundFaces {
    /// The faces that are certain enough to be preferred for their size, the largest first.
    pub(super) fn by_size(&self) -> Vec<FoundFace> {
        let surest = self.candidates.iter().map(|(face, _)| face.confidence).fold(0.0, f64::max);
        let is_sure = |(face, _): &&Candidate| face.confidence >= SURE * surest;
        // Of boxes of the same size, the less certain one comes first.
        let mut sure: Vec<&Candidate> = self.candidates.iter().rev().filter(is_sure).collect();
        sure.sort_by(|(a, _), (b, _)| b.area().total_cmp(&a.area()));
        let found = sure.into_iter().map(|&(face, first_look)| FoundFace {
            face,
            turn: self.turn,
            faces_found: self.candidates.len(),
            first_look,
        });
        found.collect()
    }
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

    /// Finds the faces in each raster, at least one. `look` decides on uncertain ones: it returns
    /// what it saw in a box, or `None` if that is no face.
    ///
    /// A pass searches all rasters that still lack a face. The search ends early once nobody
    /// `wants` its result any more.
    pub(super) fn find(
        &mut self,
        rasters: &[&Raster],
        passes: Passes,
        demand: &Demand,
        mut look: impl FnMut(&[BoxedFace]) -> Vec<Result<Option<FirstLook>, ExtractError>>,
    ) -> Vec<Result<FoundFaces, ExtractError>> {
        let mut outcomes: Vec<Option<Result<FoundFaces, ExtractError>>> =
            rasters.iter().map(|_| None).collect();
        let mut last = vec![None; rasters.len()];
        for pass in passes.of(self.species) {
            if let Err(unwanted) = demand.check() {
                return rasters.iter().map(|_| Err(unwanted.into())).collect();
            }
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
                    Ok(candidates) if candidates.is_empty() => None,
                    Ok(candidates) => Some(Ok(FoundFaces { candidates, turn: pass.turn })),
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
        let candidates = |faces: &[Detection]| sure(faces.to_vec());
        let found = |faces: &[Detection]| {
            FoundFaces { candidates: candidates(faces), turn: Turn::None }.by_size()
        };
        assert!(found(&[]).is_empty());
        let faces = [face(80.0, 1.2), face(120.0, 0.9), face(300.0, 0.1)];
        let sides: Vec<f64> = found(&faces).iter().map(|found| found.face.side()).collect();
        assert_eq!(sides, [120.0, 80.0]);
    }
}
