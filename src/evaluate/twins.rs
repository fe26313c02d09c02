//! Planted twins: dogs made to have a person's proportions must be found.
//!
//! For each person the photo of a dog is bent until its landmarks show the person's
//! own standardised proportions: of the dogs that are well seen the one that is
//! nearest, so that little need be bent. The new photo is measured as any other and
//! added to the catalogue, alone; what is counted is how often it is then that
//! person's top dog.

use std::fs;

use super::{Face, Measured, findings::Twins, metrics, warp};
use crate::{
    extract::{self, ExtractError, Extractor},
    face::{self, Measurement, QualityLimits, Species},
    photo::Photo,
    resemblance::{Embedding, Space, level},
};

/// What a photo must keep to be made a twin of: bending does not mend a face that is
/// turned, half hidden or unlike a face.
const WELL_SEEN: QualityLimits = QualityLimits {
    max_yaw: 15.0,
    min_interocular: 40.0,
    min_sharpness: 0.06,
    max_landmark_spread: 0.02,
};

/// Plants a twin for the first measured photo of each person. `progress` gets
/// persons done and all persons.
pub fn plant<E: From<ExtractError>>(
    space: &Space,
    people: &Measured,
    dogs: &Measured,
    extractor: Extractor,
    workers: usize,
    mut progress: impl FnMut(usize, usize),
) -> Result<Twins, E> {
    let planter = Planter::new(space, dogs);
    let persons: Vec<&Measurement> =
        people.first_measured().into_iter().map(|(_, person)| &person.measurement).collect();
    let (mut found, mut done) = (Vec::new(), 0);
    let work = |extractor: &mut Extractor, person: &&Measurement| planter.plant(extractor, person);
    extract::spread(extractor, workers, &persons, work, |_, places: Option<Places>| {
        found.extend(places);
        done += 1;
        progress(done, persons.len());
        Ok::<_, E>(())
    })?;
    let share = |holds: &dyn Fn(&Places) -> bool| {
        metrics::share(found.iter().filter(|places| holds(places)).count(), found.len())
    };
    Ok(Twins {
        planted: persons.len(),
        measured: found.len(),
        top: share(&|places| places.measured == 1),
        five: share(&|places| places.measured <= 5),
        exact_top: share(&|places| places.exact == 1),
    })
}

/// Place of a twin in its person's list; 1 is first.
struct Places {
    /// As it was measured.
    measured: usize,
    /// If its landmarks were found without error.
    exact: usize,
}

/// Makes twins out of the dogs of a catalogue.
struct Planter<'a> {
    space: &'a Space,
    dogs: &'a Measured,
    catalogue: Vec<Embedding>,
    /// Dogs that a twin can be made of: number of the picture, place.
    well_seen: Vec<(usize, Embedding)>,
}

impl<'a> Planter<'a> {
    fn new(space: &'a Space, dogs: &'a Measured) -> Self {
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
                .map(|(picture, dog)| (*picture, place(dog)))
                .collect(),
        }
    }

    /// Makes a person's twin and looks it up; `None` where it cannot be measured.
    fn plant(&self, extractor: &mut Extractor, person: &Measurement) -> Option<Places> {
        let seen = self.space.embed(Species::Person, person);
        let bytes = fs::read(&self.dogs.gallery.pictures[self.nearest(&seen)?].path).ok()?;
        let wanted = self.space.counterpart(person).ok()?;
        let twin = made(extractor, &bytes, &wanted)?;
        Some(Places { measured: self.place(&seen, &twin), exact: self.place(&seen, &wanted) })
    }

    /// Number of the picture of the nearest dog that is well seen.
    fn nearest(&self, person: &Embedding) -> Option<usize> {
        let distance = |dog: &(usize, Embedding)| person.distance_squared(&dog.1);
        let nearest = self.well_seen.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
        nearest.map(|dog| dog.0)
    }

    /// The twin's place in the person's list of the catalogue with the twin in it.
    fn place(&self, person: &Embedding, twin: &Measurement) -> usize {
        let mut all = self.catalogue.clone();
        all.push(self.space.embed(Species::Dog, twin));
        level(self.space, &mut all);
        let own = person.distance_squared(&all[self.catalogue.len()]);
        all.iter().filter(|dog| person.distance_squared(dog) < own).count() + 1
    }
}

/// Measures the photo after it was bent to the proportions; `None` where no face
/// is measured well enough in it.
fn made(extractor: &mut Extractor, bytes: &[u8], wanted: &Measurement) -> Option<Measurement> {
    let photo = Photo::decode(bytes).ok()?;
    let found = extractor.extract_decoded(&photo).ok()?;
    let target = face::reshaped(&found.landmarks, &wanted.shape).ok()?;
    let [from, to] = [found.landmarks, target].map(|l| l.map(|point| photo.to_raster(point)).0);
    let raster = warp::bent(&photo.raster, &from, &to)?;
    let found = extractor.extract_decoded(&Photo { raster, ..photo }).ok()?;
    found.check().ok()?;
    Some(found.measurement)
}
