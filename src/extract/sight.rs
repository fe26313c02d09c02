//! A photo as the extractor looks at it, and the face found in it.

use mungpy_core::face::{self, FaceError, Landmarks, Species};

use super::{
    ExtractError, FaceChoice,
    landmarking::BoxedFace,
    search::{FoundFace, FoundFaces},
};
use crate::{
    photo::{Photo, Raster, Turn},
    vision::Detection,
};

/// A photo, or its mirror image: of the two, always the same one is looked at.
pub(super) struct Sight<'a> {
    photo: &'a Photo,
    /// The mirror image, if that is looked at.
    mirrored: Option<Raster>,
}

impl<'a> Sight<'a> {
    pub(super) fn of(photo: &'a Photo) -> Result<Self, ExtractError> {
        Self::turned_as(photo, photo.raster.is_brighter_left()?)
    }

    /// The photo, or its mirror image where the same photo was looked at like that before.
    pub(super) fn turned_as(photo: &'a Photo, is_mirrored: bool) -> Result<Self, ExtractError> {
        let mirrored = is_mirrored.then(|| photo.raster.mirrored()).transpose()?;
        Ok(Self { photo, mirrored })
    }

    /// A copy for another face of the same photo.
    pub(super) fn another(&self) -> Result<Self, ExtractError> {
        Self::turned_as(self.photo, self.mirrored.is_some())
    }

    pub(super) fn raster(&self) -> &Raster {
        self.mirrored.as_ref().unwrap_or(&self.photo.raster)
    }

    /// The face that is meant among those found in it.
    pub(super) fn choose(
        &self,
        found: &FoundFaces,
        choice: FaceChoice,
    ) -> Result<FoundFace, ExtractError> {
        let mut faces = found.by_size();
        let away = |face: &FoundFace, point| self.in_photo(face).distance(point);
        let number = match choice {
            FaceChoice::Single if faces.len() > 1 => {
                return Err(FaceError::Several { count: faces.len() }.into());
            }
            FaceChoice::Largest | FaceChoice::Single => 0,
            FaceChoice::Nearest(point) => {
                let numbered = faces.iter().enumerate();
                let nearest =
                    numbered.min_by(|(_, a), (_, b)| away(a, point).total_cmp(&away(b, point)));
                nearest.map_or(0, |(number, _)| number)
            }
        };
        if faces.is_empty() {
            return Err(FaceError::NoFace { species: Species::Person.name() }.into());
        }
        Ok(faces.swap_remove(number))
    }

    /// The box of a face, in pixels of the upright photo.
    fn in_photo(&self, found: &FoundFace) -> Detection {
        let (width, height) = (self.raster().width() as f64, self.raster().height() as f64);
        let face = found.face.map(|point| found.turn.undo(point, width, height));
        let in_photo = |point| self.photo.from_raster(point);
        if self.mirrored.is_none() {
            return face.map(in_photo);
        }
        face.map(|point| face::landmarks::mirrored(point, width)).map(in_photo)
    }

    /// The same with the face found in it.
    pub(super) fn with(self, found: FoundFace) -> Result<Sighted<'a>, ExtractError> {
        let turned = match found.turn {
            Turn::None => None,
            turn => Some(self.raster().turned(turn)?),
        };
        Ok(Sighted { sight: self, found, turned })
    }
}

/// A photo and its face.
pub(super) struct Sighted<'a> {
    sight: Sight<'a>,
    pub(super) found: FoundFace,
    /// The raster turned so that the face is upright, if it had to be turned.
    turned: Option<Raster>,
}

impl Sighted<'_> {
    /// Whether the mirror image is looked at.
    pub(super) fn is_mirrored(&self) -> bool {
        self.sight.mirrored.is_some()
    }

    /// The raster in which the face is upright.
    pub(super) fn upright(&self) -> &Raster {
        self.turned.as_ref().unwrap_or_else(|| self.sight.raster())
    }

    /// The face for the landmark model.
    pub(super) fn boxed(&self) -> BoxedFace<'_> {
        let FoundFace { face, first_look, .. } = self.found;
        BoxedFace { raster: self.upright(), face, first_look }
    }

    /// Box, turn and landmarks in pixels of the upright photo; the landmarks come in pixels of the
    /// upright raster.
    pub(super) fn in_photo(&self, landmarks: &Landmarks) -> (Detection, Turn, Landmarks) {
        let raster = self.sight.raster();
        let (width, height) = (raster.width() as f64, raster.height() as f64);
        let turn = self.found.turn;
        let landmarks = landmarks.map(|point| turn.undo(point, width, height));
        let face = self.sight.in_photo(&self.found);
        let in_photo = |point| self.sight.photo.from_raster(point);
        if self.sight.mirrored.is_none() {
            return (face, turn, landmarks.map(in_photo));
        }
        (face, turn.mirrored(), landmarks.mirrored(width).map(in_photo))
    }
}
