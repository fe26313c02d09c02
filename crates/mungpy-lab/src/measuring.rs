//! Measures the photos of a gallery, as they are and changed.

use std::collections::BTreeMap;

use mungpy::{
    extract::{self, ExtractError, Extractor},
    files,
    photo::Photo,
};
use mungpy_core::{
    face::{Measurement, Quality},
    reason::{Reason, WithReason},
    resemblance::{Individual, Recording},
};

use crate::{
    cache::{Cache, CacheError},
    distortion::Distortion,
    gallery::Gallery,
};

/// A face that is seen well enough to be compared.
#[derive(Debug, Clone, Copy)]
pub struct Face {
    /// The proportions that are compared: estimated, or as measured.
    pub measurement: Measurement,
    /// The proportions read off the photo.
    pub measured: Measurement,
    /// The pose and size that they were seen in.
    pub quality: Quality,
}

/// A measured face, or the reason of the refusal.
pub type Outcome = Result<Face, Reason>;

/// Outcomes for each picture of a gallery, in its order.
pub struct GalleryMeasurements {
    /// The pictures.
    pub gallery: Gallery,
    /// The measurement of each picture, or why there is none.
    pub outcomes: Vec<Outcome>,
    /// For each distortion the numbers of the pictures that it was tried on, and
    /// their outcomes.
    pub distorted: Vec<(Distortion, Vec<(usize, Outcome)>)>,
    /// Version of the models that measured.
    pub version: String,
}

impl GalleryMeasurements {
    /// Measurements of the unchanged photos, by individual and recording.
    pub fn individuals(&self) -> Vec<Individual> {
        let mut all: BTreeMap<&str, BTreeMap<&str, Recording>> = BTreeMap::new();
        for (picture, outcome) in self.gallery.pictures.iter().zip(&self.outcomes) {
            if let Ok(face) = outcome {
                let individual = all.entry(&picture.individual).or_default();
                let recording = individual.entry(&picture.recording).or_default();
                recording.photos.push(face.measurement);
            }
        }
        let individual = |recordings: BTreeMap<&str, Recording>| Individual {
            recordings: recordings.into_values().collect(),
        };
        all.into_values().map(individual).collect()
    }

    /// Every measurement, in the order of the pictures.
    pub fn measurements(&self) -> Vec<Measurement> {
        self.outcomes.iter().flatten().map(|face| face.measurement).collect()
    }

    /// One measurement for each individual: of its first picture that shows a face.
    pub fn first_measurements(&self) -> Vec<Measurement> {
        self.first_measured().into_iter().map(|(_, face)| face.measurement).collect()
    }

    /// Number of the first measured picture of each individual, and what was
    /// measured in it.
    pub fn first_measured(&self) -> Vec<(usize, &Face)> {
        let mut found: BTreeMap<&str, (usize, &Face)> = BTreeMap::new();
        for (number, outcome) in self.outcomes.iter().enumerate() {
            if let Ok(face) = outcome {
                let individual = &self.gallery.pictures[number].individual;
                found.entry(individual).or_insert((number, face));
            }
        }
        found.into_values().collect()
    }

    /// Refused photos by reason code.
    pub fn refusals(&self) -> BTreeMap<String, usize> {
        let mut count = BTreeMap::new();
        for reason in self.outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            *count.entry(reason.code().to_owned()).or_default() += 1;
        }
        count
    }
}

/// Which pictures of a gallery a distortion is tried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// One of each individual.
    First,
    /// All.
    Every,
}

/// Work of one thread: a picture, and what is done to it first.
struct Task {
    picture: usize,
    distortion: Option<Distortion>,
}

/// Measures every picture as it is, and under each of the `distortions`.
/// `progress` gets tasks done and all tasks.
pub fn measure_all<E: From<ExtractError> + From<CacheError>>(
    gallery: Gallery,
    extractor: Extractor,
    workers: usize,
    cache: &Cache,
    distortions: &[(Distortion, Extent)],
    mut progress: impl FnMut(usize, usize),
) -> Result<GalleryMeasurements, E> {
    let version = extractor.version().to_owned();
    let tasks = tasks(&gallery, distortions);
    let mut results: Vec<Option<Outcome>> = vec![None; tasks.len()];
    let mut done = 0;
    let work = |extractor: &mut Extractor, task: &Task| -> Result<Outcome, CacheError> {
        measure_one(extractor, &gallery, task, cache, &version)
    };
    extract::for_each_parallel(extractor, workers, &tasks, work, |number, outcome| {
        results[number] = Some(outcome?);
        done += 1;
        progress(done, tasks.len());
        Ok::<_, E>(())
    })?;
    let mut results: Vec<Outcome> = results.into_iter().flatten().collect();
    let after = results.split_off(gallery.pictures.len());
    let mut distorted: Vec<_> = distortions.iter().map(|(d, _)| (*d, Vec::new())).collect();
    for (task, outcome) in tasks[gallery.pictures.len()..].iter().zip(after) {
        let found = distorted.iter_mut().find(|(d, _)| Some(*d) == task.distortion);
        found.expect("every distortion has a list").1.push((task.picture, outcome));
    }
    Ok(GalleryMeasurements { gallery, outcomes: results, distorted, version })
}

/// All pictures as they are, then the distorted ones.
fn tasks(gallery: &Gallery, distortions: &[(Distortion, Extent)]) -> Vec<Task> {
    let every: Vec<usize> = (0..gallery.pictures.len()).collect();
    let first = first_of_each(gallery);
    let plain = every.iter().map(|&picture| Task { picture, distortion: None });
    let distorted = distortions.iter().flat_map(|&(distortion, extent)| {
        let pictures = if extent == Extent::First { &first } else { &every };
        pictures.iter().map(move |&picture| Task { picture, distortion: Some(distortion) })
    });
    plain.chain(distorted).collect()
}

fn first_of_each(gallery: &Gallery) -> Vec<usize> {
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, picture) in gallery.pictures.iter().enumerate() {
        first.entry(&picture.individual).or_insert(number);
    }
    first.into_values().collect()
}

fn measure_one(
    extractor: &mut Extractor,
    gallery: &Gallery,
    task: &Task,
    cache: &Cache,
    version: &str,
) -> Result<Outcome, CacheError> {
    let Ok(bytes) = files::read_photo(&gallery.pictures[task.picture].path) else {
        return Ok(Err(Reason::PhotoUnreadable));
    };
    let treatment = task.distortion.map(Distortion::name).unwrap_or_default();
    let key = Cache::key(&bytes, &treatment, version);
    if let Some(outcome) = cache.get(&key, extractor.species())? {
        return Ok(outcome);
    }
    let found = extracted(extractor, &bytes, task.distortion).map_err(|error| error.reason());
    cache.put(&key, found, extractor.species())
}

fn extracted(
    extractor: &mut Extractor,
    bytes: &[u8],
    distortion: Option<Distortion>,
) -> Result<extract::Extraction, ExtractError> {
    let Some(distortion) = distortion else { return extractor.extract(bytes) };
    let photo = Photo::decode(bytes)?;
    let face = || extractor.extract_decoded(&photo).map(|plain| plain.landmarks);
    let changed = distortion.apply(&photo, face)?;
    extractor.extract_decoded(&changed)
}
