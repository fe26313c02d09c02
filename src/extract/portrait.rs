//! Every face of a photo, as it was seen, for people who want to know whether a photo will do.

use mungpy_core::face::{self, FaceError, Landmarks, Measurement, Quality, QualityLimits};

use super::{
    Demand, ExtractError, Extractor, landmarking::LandmarkEstimate, passes::Passes, sight::Sight,
    sight::Sighted,
};
use crate::{photo::Photo, vision::Detection};

/// Faces of a photo that are described, the largest first.
pub const MAX_FACES: usize = 10;
/// Side of the square in which brightness is measured, in pixels.
const BRIGHTNESS_SIDE: usize = 64;

/// A photo and the faces in it. Coordinates are pixels of the upright photo.
#[derive(Debug, Clone)]
pub struct PhotoPortrait {
    /// Width of the upright photo, in pixels.
    pub width: u32,
    /// Height of the upright photo, in pixels.
    pub height: u32,
    /// The faces, the largest first; none if the photo shows none.
    pub faces: Vec<FacePortrait>,
}

/// One face of a photo.
#[derive(Debug, Clone)]
pub struct FacePortrait {
    /// Its box.
    pub face: Detection,
    /// Its landmarks.
    pub landmarks: Landmarks,
    /// What this photo shows of its proportions.
    pub measured: Measurement,
    /// How far to trust it.
    pub quality: Quality,
    /// Mean brightness, 0 to 1.
    pub brightness: f64,
}

impl FacePortrait {
    /// Refuses a face that is not comparable.
    pub fn check(&self, limits: QualityLimits) -> Result<(), FaceError> {
        self.quality.check(limits)
    }
}

impl Extractor {
    /// Describes every face in a photo. A photo without a face has none, which is no error.
    ///
    /// # Errors
    /// The photo was refused, the machine is at fault, or nobody waits any more.
    pub fn portray(
        &mut self,
        bytes: &[u8],
        demand: &Demand,
    ) -> Result<PhotoPortrait, ExtractError> {
        demand.check()?;
        let photo = self.decode(|| Photo::decode(bytes))?;
        let (width, height) = (photo.width, photo.height);
        let sight = Sight::of(&photo)?;
        let found = match self.find(&[&sight], Passes::EveryFace, demand).remove(0) {
            Err(ExtractError::Face(FaceError::NoFace { .. })) => {
                return Ok(PhotoPortrait { width, height, faces: Vec::new() });
            }
            found => found?,
        };
        demand.check()?;
        let faces = found.by_size().into_iter().take(MAX_FACES);
        let sighted = faces
            .map(|face| sight.another()?.with(face))
            .collect::<Result<Vec<Sighted>, ExtractError>>()?;
        let mut faces = Vec::new();
        for located in self.locate(sighted) {
            match located.and_then(|(seen, estimate)| self.of_face(&seen, &estimate)) {
                Ok(face) => faces.push(face),
                // What spans no face is none.
                Err(error) if error.is_fault_of_photo() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(PhotoPortrait { width, height, faces })
    }

    fn of_face(
        &self,
        seen: &Sighted,
        estimate: &LandmarkEstimate,
    ) -> Result<FacePortrait, ExtractError> {
        let (face, _, landmarks) = seen.in_photo(&estimate.landmarks);
        let (measured, pose) = face::measure(&landmarks, self.species)?;
        let quality = Quality {
            interocular: landmarks.interocular_distance(),
            sharpness: estimate.sharpness,
            landmark_disagreement: estimate.disagreement,
            ..pose
        };
        let shown = seen.found.face;
        let core = seen.upright().chip(shown.left, shown.top, shown.side(), BRIGHTNESS_SIDE)?;
        let brightness = core.raster.brightness()?;
        Ok(FacePortrait { face, landmarks, measured, quality, brightness })
    }
}
