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

/// What finds the faces of a species.
pub(super) struct FaceFinder {
    species: Species,
    detector: Detector,
    /// For dogs: what knows a human face, which dog detectors take for a dog's.
    persons: Option<Detector>,
}

impl FaceFinder {
    /// Persons, by dlib's HOG detector.
    pub(super) fn persons() -> Result<Self, VisionError> {
        Ok(Self { species: Species::Person, detector: Detector::frontal_person()?, persons: None })
    }

    /// Dogs, by a CNN.
    pub(super) fn dogs(detector: Detector) -> Result<Self, VisionError> {
        let persons = Some(Detector::frontal_person()?);
        Ok(Self { species: Species::Dog, detector, persons })
    }

    /// A copy for another worker.
    pub(super) fn try_clone(&self) -> Result<Self, VisionError> {
        Ok(Self {
            species: self.species,
            detector: self.detector.try_clone()?,
            persons: self.persons.as_ref().map(Detector::try_clone).transpose()?,
        })
    }

    /// Finds the largest face that is sure enough.
    pub(super) fn find(&mut self, raster: &Raster) -> Result<FoundFace, ExtractError> {
        let mut last_side = None;
        for pass in passes(self.species) {
            let side = pass.side.min(raster.long_side() * MAX_ENLARGEMENT);
            if last_side == Some((side, pass.turn)) {
                continue;
            }
            last_side = Some((side, pass.turn));
            let scaled = raster.resized(side)?.turned(pass.turn)?;
            let mut faces = self.detector.detect(&scaled)?;
            while let Some(best) = largest(&faces) {
                let face = faces[best];
                if self.is_human(&scaled, &face)? {
                    faces.remove(best);
                    continue;
                }
                let factor = raster.long_side() as f64 / side as f64;
                let face = face.map(|[x, y]| [(x + 0.5) * factor - 0.5, (y + 0.5) * factor - 0.5]);
                return Ok(FoundFace { face, turn: pass.turn, faces_found: faces.len() });
            }
        }
        Err(FaceError::NoFace { species: self.species.name() }.into())
    }

    /// Whether what was taken for a dog's face is a person's.
    fn is_human(&mut self, raster: &Raster, face: &Detection) -> Result<bool, ExtractError> {
        let Some(persons) = self.persons.as_mut().filter(|_| face.confidence < SURELY_A_DOG) else {
            return Ok(false);
        };
        let ([x, y], reach) = (face.centre(), face.side() * HUMAN_REACH);
        let chip = raster.chip(x - reach / 2.0, y - reach / 2.0, reach, HUMAN_CHIP)?;
        let (middle, unit) = (HUMAN_CHIP as f64 / 2.0, HUMAN_CHIP as f64 / HUMAN_REACH);
        Ok(persons.detect(&chip.raster)?.iter().any(|human| {
            let [x, y] = human.centre();
            let aside = (x - middle).abs().max((y - middle).abs());
            human.confidence > HUMAN_CONFIDENCE && aside < unit / 2.0 && human.side() > unit / 3.0
        }))
    }
}

/// Side of the chip in which a human face is looked for, in sides of the box and
/// in pixels: dlib's HOG detector wants faces of 80 px and their surroundings.
const HUMAN_REACH: f64 = 1.6;
const HUMAN_CHIP: usize = 240;
/// How sure it must be, and how sure the dog detector must be not to be doubted.
/// Of 260 people, 36 were taken for dogs, none surer than 0.7; the 20 of them that
/// were found to be human were surer than 0.45. Of 120 dogs none was less sure
/// than 1.6.
const HUMAN_CONFIDENCE: f64 = 0.4;
const SURELY_A_DOG: f64 = 1.0;

/// A face must be so sure, as a share of the surest, to be preferred for its size:
/// what a detector takes for a face by mistake is often large and seldom sure.
const SURE: f64 = 0.5;

/// Place of the largest of the faces that are sure enough.
fn largest(faces: &[Detection]) -> Option<usize> {
    let surest = faces.iter().map(|face| face.confidence).fold(0.0, f64::max);
    let sure = faces.iter().enumerate().filter(|(_, face)| face.confidence >= SURE * surest);
    sure.max_by(|(_, a), (_, b)| a.area().total_cmp(&b.area())).map(|(place, _)| place)
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
        assert_eq!(largest(&faces), Some(1));
    }
}
