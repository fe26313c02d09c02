//! Photos of persons with their face descriptors, held in memory alone.
//!
//! Descriptors of a study's photos serve two ends: to fit the estimator of proportions, and to
//! find the same person under two names, so that fit and test never share one. They are never
//! written.

use std::{collections::BTreeMap, fs};

use mungpy::{
    extract::{ExtractError, Extractor, for_each_parallel},
    photo::Photo,
};
use mungpy_core::{face::Measurement, resemblance::DESCRIPTOR_LEN};

use crate::evaluate::{Gallery, Picture};

/// Two photos of a person whose descriptors lie nearer than this show one picture twice.
const SAME_PICTURE: f32 = 0.20;
/// Two persons whose mean descriptors lie nearer than this are likely one.
const SAME_PERSON: f32 = 0.43;

/// A described photo.
pub struct Described {
    /// Where it comes from.
    pub picture: Picture,
    /// The face descriptor.
    pub descriptor: [f32; DESCRIPTOR_LEN],
    /// The proportions read off the photo.
    pub measured: Measurement,
}

/// The usable photos of a gallery, described. `progress` gets photos done and all photos.
pub fn describe<E: From<ExtractError>>(
    gallery: &Gallery,
    extractor: Extractor,
    workers: usize,
    mut progress: impl FnMut(usize, usize),
) -> Result<Vec<Described>, E> {
    let pictures = &gallery.pictures;
    let mut found: Vec<(usize, Described)> = Vec::new();
    let mut done = 0;
    for_each_parallel(extractor, workers, pictures, describe_one, |number, described| {
        found.extend(described.map(|described| (number, described)));
        done += 1;
        progress(done, pictures.len());
        Ok::<_, E>(())
    })?;
    found.sort_by_key(|(number, _)| *number);
    Ok(found.into_iter().map(|(_, described)| described).collect())
}

/// Nothing for a photo without a usable face.
fn describe_one(extractor: &mut Extractor, picture: &Picture) -> Option<Described> {
    let photo = Photo::decode(&fs::read(&picture.path).ok()?).ok()?;
    let (found, descriptor) = extractor.describe_decoded(&photo).ok()?;
    found.check().ok()?;
    let descriptor = *descriptor?.values();
    Some(Described { picture: picture.clone(), descriptor, measured: found.measured })
}

/// Leaves out photos that nearly repeat an earlier one of another recording of the same person:
/// one picture published twice is no independent measurement.
pub fn without_repeated_pictures(photos: Vec<Described>) -> Vec<Described> {
    let mut kept: Vec<Described> = Vec::new();
    for photo in photos {
        let repeats = kept.iter().rev().any(|earlier| {
            earlier.picture.individual == photo.picture.individual
                && earlier.picture.recording != photo.picture.recording
                && distance(&earlier.descriptor, &photo.descriptor) < SAME_PICTURE
        });
        if !repeats {
            kept.push(photo);
        }
    }
    kept
}

/// Leaves out the photos of persons who likely occur among `others` under another name.
pub fn without_persons_of(photos: Vec<Described>, others: &[Described]) -> Vec<Described> {
    let others: Vec<_> = means(others).into_values().collect();
    let likely_same: Vec<String> = means(&photos)
        .into_iter()
        .filter(|(_, mean)| others.iter().any(|other| distance(mean, other) < SAME_PERSON))
        .map(|(person, _)| person.to_owned())
        .collect();
    photos.into_iter().filter(|photo| !likely_same.contains(&photo.picture.individual)).collect()
}

/// The mean descriptor of each person.
fn means(photos: &[Described]) -> BTreeMap<&str, [f32; DESCRIPTOR_LEN]> {
    let mut sums: BTreeMap<&str, ([f32; DESCRIPTOR_LEN], f32)> = BTreeMap::new();
    for photo in photos {
        let (sum, count) =
            sums.entry(&photo.picture.individual).or_insert(([0.0; DESCRIPTOR_LEN], 0.0));
        sum.iter_mut().zip(photo.descriptor).for_each(|(sum, value)| *sum += value);
        *count += 1.0;
    }
    sums.into_iter().map(|(person, (sum, count))| (person, sum.map(|sum| sum / count))).collect()
}

fn distance(a: &[f32; DESCRIPTOR_LEN], b: &[f32; DESCRIPTOR_LEN]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
}
