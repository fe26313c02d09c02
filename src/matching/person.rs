//! The person of a request: measured on photos, or on landmarks that the caller has located.

use mungpy_core::{
    face::{Measurement, ModelOrigin},
    resemblance::{Combination, Population, Space, Transport},
};
use prost::bytes::Bytes;

use super::{
    MatchError,
    given::{GivenFace, Scheme},
};
use crate::extract::{Demand, ExtractError, Extraction, Extractor, FaceChoice};

/// The person of a request.
pub struct Person {
    /// The person's proportions, averaged over the photos.
    pub measurement: Measurement,
    /// The photos of the person, in the order of the request.
    pub photos: Vec<PersonPhoto>,
    /// Whether the proportions are estimated from the whole face, not read off the photos.
    pub is_estimated: bool,
}

/// What came of one photo of a person.
pub struct PersonPhoto {
    /// The face in it, or why there is none that can be compared.
    pub found: Result<Extraction, ExtractError>,
    /// Whether the answer rests on the other photos alone.
    pub left_out: bool,
}

impl Person {
    /// The person in some photos. A photo that is refused does not spoil the others.
    ///
    /// # Errors
    /// The machine is at fault, every photo is refused (then the first one's reason), or nobody
    /// waits for the answer any more.
    pub(super) fn in_photos(
        extractor: &mut Extractor,
        space: &Space,
        photos: &[(Bytes, FaceChoice)],
        wanted: &dyn Fn() -> bool,
    ) -> Result<Self, MatchError> {
        let count = photos.len();
        let mut seen = Vec::with_capacity(count);
        for (number, (bytes, choice)) in (1..).zip(photos) {
            match extractor.extract_usable(bytes, &Demand { choice: *choice, wanted }) {
                Err(ExtractError::Unwanted(_)) => return Err(MatchError::CallerGone),
                Err(error) if !error.is_fault_of_photo() => {
                    return Err(MatchError::Photo { number, count, error });
                }
                found => seen.push(PersonPhoto { left_out: found.is_err(), found }),
            }
        }
        Self::of(space, seen, extractor.estimates())
    }

    /// The person with these landmarks.
    pub(super) fn with_landmarks(
        references: &References,
        space: &Space,
        faces: &[GivenFace],
    ) -> Result<Self, MatchError> {
        let seen = faces.iter().map(|face| {
            let transport = references.of(face.scheme);
            let found = face.measure(|measured| transport.carry(measured)).map_err(Into::into);
            PersonPhoto { left_out: found.is_err(), found }
        });
        Self::of(space, seen.collect(), false)
    }

    fn of(
        space: &Space,
        mut photos: Vec<PersonPhoto>,
        is_estimated: bool,
    ) -> Result<Self, MatchError> {
        let count = photos.len();
        let usable: Vec<usize> = (0..count).filter(|&i| !photos[i].left_out).collect();
        if usable.is_empty()
            && let Some(PersonPhoto { found: Err(error), .. }) = photos.drain(..).next()
        {
            return Err(MatchError::Photo { number: 1, count, error });
        }
        let found = photos.iter().filter_map(|photo| photo.found.as_ref().ok());
        let measurements: Vec<Measurement> = found.map(|found| found.measurement).collect();
        let combination = Combination::of(space, &measurements)?;
        if let Some(odd) = combination.left_out {
            photos[usable[odd]].left_out = true;
        }
        Ok(Self { measurement: combination.measurement, photos, is_estimated })
    }

    /// The first photo that the answer rests on, and its number in the request.
    pub fn first_used(&self) -> Option<(usize, &Extraction)> {
        let mut photos = self.photos.iter().enumerate().filter(|(_, photo)| !photo.left_out);
        photos.find_map(|(number, photo)| Some((number, photo.found.as_ref().ok()?)))
    }
}

/// What measured proportions of persons are compared with.
pub(super) struct References {
    own: Transport,
    ibug68: Transport,
}

impl References {
    /// For persons that are searched for by the statistics of a population.
    pub(super) fn new(searched: &Population) -> Self {
        let from = |origin| Transport::new(&Population::shipped_person(origin), searched);
        Self { own: from(ModelOrigin::Own), ibug68: from(ModelOrigin::Dlib) }
    }

    pub(super) fn of(&self, scheme: Scheme) -> &Transport {
        match scheme {
            Scheme::Own => &self.own,
            Scheme::Ibug68 => &self.ibug68,
        }
    }
}
