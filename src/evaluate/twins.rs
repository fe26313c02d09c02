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

/// Plants a twin for the first measured photo of each person.
pub fn plant<E: From<ExtractError>>(
    space: &Space,
    people: &Measured,
    dogs: &Measured,
    extractor: Extractor,
    workers: usize,
    mut progress: impl FnMut(usize, usize),
) -> Result<Twins, E> {
    let catalogue = dogs.first_measured();
    let place = |dog: &Face| space.embed(Species::Dog, &dog.measurement);
    let places: Vec<Embedding> = catalogue.iter().map(|(_, dog)| place(dog)).collect();
    let well_seen: Vec<(usize, Embedding)> = catalogue
        .iter()
        .filter(|(_, dog)| dog.quality.check(WELL_SEEN).is_ok())
        .map(|(picture, dog)| (*picture, place(dog)))
        .collect();
    let persons = people.first_measured();
    let rank = |person: &Embedding, twin: &Measurement| {
        let mut all = places.clone();
        all.push(space.embed(Species::Dog, twin));
        level(space, &mut all);
        let own = person.distance_squared(&all[places.len()]);
        all.iter().filter(|dog| person.distance_squared(dog) < own).count() + 1
    };
    let plant_one = |extractor: &mut Extractor, person: &&Measurement| {
        let seen = space.embed(Species::Person, person);
        let picture = nearest(&seen, &well_seen)?;
        let bytes = fs::read(&dogs.gallery.pictures[picture].path).ok()?;
        let wanted = space.counterpart(person).ok()?;
        let twin = made(extractor, &bytes, &wanted)?;
        Some([rank(&seen, &twin), rank(&seen, &wanted)])
    };
    let (mut ranks, mut exact, mut done) = (Vec::new(), Vec::new(), 0);
    let tasks: Vec<&Measurement> = persons.iter().map(|(_, person)| &person.measurement).collect();
    extract::spread(extractor, workers, &tasks, plant_one, |_, both: Option<[usize; 2]>| {
        if let Some([rank, without_error]) = both {
            ranks.push(rank);
            exact.push(without_error);
        }
        done += 1;
        progress(done, tasks.len());
        Ok::<_, E>(())
    })?;
    let among = |ranks: &[usize], n: usize| {
        metrics::share(ranks.iter().filter(|&&rank| rank <= n).count(), ranks.len())
    };
    Ok(Twins {
        planted: tasks.len(),
        measured: ranks.len(),
        top: among(&ranks, 1),
        five: among(&ranks, 5),
        exact_top: among(&exact, 1),
    })
}

/// Number of the picture of the nearest dog.
fn nearest(person: &Embedding, dogs: &[(usize, Embedding)]) -> Option<usize> {
    let distance = |dog: &(usize, Embedding)| person.distance_squared(&dog.1);
    dogs.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).map(|dog| dog.0)
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
