//! Planted twins: dogs made to have a person's proportions must be found.
//!
//! For each person the photo of a dog is warped until its landmarks show the person's
//! own standardised proportions: of the dogs that are well seen, and whose face neither
//! folds nor tears when it is warped so, the one that is nearest, so that little need be
//! warped. The new photo is measured as any other and added to the catalogue, alone;
//! what is counted is how often it is then that person's top dog.

use mungpy::{
    extract::{self, ExtractError, Extractor},
    files,
    photo::{Photo, Warp},
};
use mungpy_core::{
    face::{self, Measurement, QualityLimits, Species, SymmetricShape},
    resemblance::{Embedding, Space, assign_handicaps},
};

use serde::Serialize;

use crate::{
    measuring::{Face, GalleryMeasurements},
    metrics::share_of,
};

/// Counts and shares of planted twins.
#[derive(Debug, Clone, Serialize)]
pub struct Twins {
    /// Persons for whom a twin was to be made.
    pub persons: usize,
    /// Twins that were made: some proportions no dog's photo can be warped to.
    pub made: usize,
    /// Twins that were measured well enough to be enrolled.
    pub measured: usize,
    /// Share of these that are their person's top dog.
    pub top: f64,
    /// Share of these among their person's first five.
    pub five: f64,
    /// Share that would be their person's top dog if the landmarks were found
    /// without error.
    pub exact_top: f64,
}

/// Quality that a dog's face needs before a twin is made of it: warping does not mend a
/// face that is turned, half hidden or unlike a face. Angles are in degrees, lengths in
/// pixels.
const WELL_SEEN: QualityLimits = QualityLimits {
    max_yaw: 15.0,
    min_interocular: 40.0,
    min_sharpness: 0.06,
    max_landmark_disagreement: 0.02,
};

/// Least share of its area that any part of a face must keep when it is warped, or stretch
/// beyond in the other direction: else the warped face is none (a nose torn into a ring).
const LEAST_AREA: f64 = 0.1;
/// The rectangle around the landmarks of a face, in centroid sizes from the centroid:
/// upper left and lower right corner.
const FACE: [[f64; 2]; 2] = [[-0.3, -0.3], [0.3, 0.45]];

/// Plants a twin for the first measured photo of each person. `progress` gets
/// persons done and all persons.
pub fn plant<E: From<ExtractError>>(
    space: &Space,
    people: &GalleryMeasurements,
    dogs: &GalleryMeasurements,
    extractor: Extractor,
    workers: usize,
    mut progress: impl FnMut(usize, usize),
) -> Result<Twins, E> {
    let planter = Planter::new(space, dogs);
    let persons = people.first_measurements();
    let mut all = Vec::new();
    let work = |extractor: &mut Extractor, person: &Measurement| planter.plant(extractor, person);
    extract::for_each_parallel(extractor, workers, &persons, work, |_, twin: Twin| {
        all.push(twin);
        progress(all.len(), persons.len());
        Ok::<_, E>(())
    })?;
    Ok(counted(&all))
}

/// Counts the twins of all persons.
fn counted(all: &[Twin]) -> Twins {
    let places = |twin: &Twin| if let Twin::Found(places) = twin { Some(*places) } else { None };
    let found: Vec<Places> = all.iter().filter_map(places).collect();
    Twins {
        persons: all.len(),
        made: all.iter().filter(|twin| !matches!(twin, Twin::NotMade)).count(),
        measured: found.len(),
        top: share_of(&found, |places| places.measured == 1),
        five: share_of(&found, |places| places.measured <= 5),
        exact_top: share_of(&found, |places| places.exact == 1),
    }
}

/// The fate of a person's twin.
enum Twin {
    /// No dog can be warped to the person's proportions.
    NotMade,
    /// No face was measured well enough in the warped photo.
    NotMeasured,
    /// It was added to the catalogue and looked up.
    Found(Places),
}

/// Place of a twin in its person's list; 1 is first.
#[derive(Clone, Copy)]
struct Places {
    /// As it was measured.
    measured: usize,
    /// If its landmarks were found without error.
    exact: usize,
}

/// A dog that a twin can be made of.
struct Base {
    picture: usize,
    place: Embedding,
    shape: SymmetricShape,
}

/// Makes twins out of the dogs of a catalogue.
struct Planter<'a> {
    space: &'a Space,
    dogs: &'a GalleryMeasurements,
    catalogue: Vec<Embedding>,
    /// Dogs that a twin can be made of.
    well_seen: Vec<Base>,
}

impl<'a> Planter<'a> {
    fn new(space: &'a Space, dogs: &'a GalleryMeasurements) -> Self {
        let place = |dog: &Face| space.embed(Species::Dog, &dog.measurement);
        let first = dogs.first_measured();
        let is_well_seen = |dog: &Face| dog.quality.check(WELL_SEEN).is_ok();
        Self {
            space,
            dogs,
            catalogue: first.iter().map(|(_, dog)| place(dog)).collect(),
            well_seen: first
                .iter()
                .filter(|(_, dog)| is_well_seen(dog))
                .map(|(picture, dog)| Base {
                    picture: *picture,
                    place: place(dog),
                    shape: dog.measurement.shape,
                })
                .collect(),
        }
    }

    /// Makes a person's twin and looks it up.
    fn plant(&self, extractor: &mut Extractor, person: &Measurement) -> Twin {
        let seen = self.space.embed(Species::Person, person);
        let Ok(wanted) = self.space.counterpart(person) else { return Twin::NotMade };
        let Some(base) = self.nearest(&seen, &wanted.shape) else { return Twin::NotMade };
        let bytes = files::read_photo(&self.dogs.gallery.pictures[base.picture].path);
        match bytes.ok().and_then(|bytes| made(extractor, &bytes, &wanted)) {
            None => Twin::NotMeasured,
            Some(twin) => Twin::Found(Places {
                measured: self.place(&seen, &twin),
                exact: self.place(&seen, &wanted),
            }),
        }
    }

    /// The nearest dog that is well seen and can be warped to a shape.
    fn nearest(&self, person: &Embedding, wanted: &SymmetricShape) -> Option<&Base> {
        let distance = |dog: &Base| person.distance_squared(&dog.place);
        let mut nearest: Vec<&Base> = self.well_seen.iter().collect();
        nearest.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
        nearest.into_iter().find(|dog| is_smooth(&dog.shape, wanted))
    }

    /// The twin's place in the person's list of the catalogue with the twin in it.
    fn place(&self, person: &Embedding, twin: &Measurement) -> usize {
        let mut all = self.catalogue.clone();
        all.push(self.space.embed(Species::Dog, twin));
        assign_handicaps(self.space, &mut all);
        let own = person.distance_squared(&all[self.catalogue.len()]);
        all.iter().filter(|dog| person.distance_squared(dog) < own).count() + 1
    }
}

/// Whether warping one shape to another neither folds nor tears the face.
fn is_smooth(from: &SymmetricShape, to: &SymmetricShape) -> bool {
    let warp = Warp::moving(from.points(), to.points(), [[-1.0; 2], [1.0; 2]]);
    warp.is_some_and(|warp| {
        let [least, most] = warp.areas(FACE);
        least >= LEAST_AREA && most <= 1.0 / LEAST_AREA
    })
}

/// Measures the photo after it was warped to the proportions; `None` where no face
/// is measured well enough in it.
fn made(extractor: &mut Extractor, bytes: &[u8], wanted: &Measurement) -> Option<Measurement> {
    let photo = Photo::decode(bytes).ok()?;
    let found = extractor.extract_decoded(&photo).ok()?;
    let target = face::reshaped(&found.landmarks, &wanted.shape).ok()?;
    let [from, to] = [found.landmarks, target].map(|l| l.map(|point| photo.to_raster(point)).0);
    let (right, bottom) = (photo.raster.width() as f64 - 1.0, photo.raster.height() as f64 - 1.0);
    let warp = Warp::moving(&from, &to, [[0.0, 0.0], [right, bottom]])?;
    let raster = photo.raster.warped(&warp).ok()?;
    let found = extractor.extract_decoded(&Photo { raster, ..photo }).ok()?;
    found.check().ok()?;
    Some(found.measurement)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_twins_that_were_measured() {
        let found = |measured, exact| Twin::Found(Places { measured, exact });
        let all = [Twin::NotMade, Twin::NotMeasured, found(1, 1), found(4, 1), found(9, 2)];
        let twins = counted(&all);
        assert_eq!([twins.persons, twins.made, twins.measured], [5, 4, 3]);
        let shares =
            [twins.top, twins.five, twins.exact_top].map(|share| (3.0 * share).round() as i32);
        assert_eq!(shares, [1, 2, 2]);
    }
}
