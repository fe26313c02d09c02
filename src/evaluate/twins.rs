//! Planted twins: dogs made to have a person's proportions must be found.
//!
//! For each person the photo of the dog that was found is bent until its
//! landmarks show the person's own standardised proportions. The new photo is
//! measured as any other and added to the catalogue, alone; what is counted is
//! how often it is then that person's top dog.

use std::fs;

use super::{Measured, findings::Twins, metrics, warp};
use crate::{
    extract::{self, ExtractError, Extractor},
    face::{self, Measurement, Species},
    photo::Photo,
    resemblance::{Embedding, Space, level},
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
    let measurements: Vec<Measurement> = catalogue.iter().map(|(_, dog)| **dog).collect();
    let places: Vec<Embedding> =
        measurements.iter().map(|dog| space.embed(Species::Dog, dog)).collect();
    let mut handicapped = places.clone();
    level(space, &mut handicapped);
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
        let found = nearest(&seen, &handicapped)?;
        let bytes = fs::read(&dogs.gallery.pictures[catalogue[found].0].path).ok()?;
        let wanted = space.counterpart(person).ok()?;
        let twin = made(extractor, &bytes, &wanted)?;
        Some([rank(&seen, &twin), rank(&seen, &wanted)])
    };
    let (mut ranks, mut exact, mut done) = (Vec::new(), Vec::new(), 0);
    let tasks: Vec<&Measurement> = persons.iter().map(|(_, person)| *person).collect();
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

fn nearest(person: &Embedding, dogs: &[Embedding]) -> Option<usize> {
    let distances = dogs.iter().map(|dog| person.distance_squared(dog)).enumerate();
    distances.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(number, _)| number)
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
