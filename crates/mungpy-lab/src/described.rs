//! Photos of persons with their face descriptors, held in memory alone.
//!
//! Descriptors of a study's photos serve two ends: to fit the estimator of proportions, and to
//! find the same person under two names, so that fit and test never share one. They are never
//! written.

use std::collections::BTreeMap;

use mungpy::{
    extract::{ExtractError, Extractor, for_each_parallel},
    files,
};
use mungpy_core::{face::Measurement, resemblance::DESCRIPTOR_LEN};

use crate::{
    cache::{Cache, CacheError},
    gallery::{Gallery, Picture},
};

/// Two photos of a person whose descriptors lie nearer than this show one picture twice.
const SAME_PICTURE: f32 = 0.20;
/// Rounds of k-means.
const ROUNDS: usize = 20;
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

/// The usable photos of a gallery, described; what was measured in them goes into the cache.
/// `progress` gets photos done and all photos.
pub fn describe<E: From<ExtractError> + From<CacheError>>(
    gallery: &Gallery,
    extractor: Extractor,
    workers: usize,
    cache: &Cache,
    mut progress: impl FnMut(usize, usize),
) -> Result<Vec<Described>, E> {
    let pictures = &gallery.pictures;
    let mut found: Vec<(usize, Described)> = Vec::new();
    let mut done = 0;
    let work =
        |extractor: &mut Extractor, picture: &Picture| describe_one(extractor, picture, cache);
    for_each_parallel(extractor, workers, pictures, work, |number, described| {
        found.extend(described?.map(|described| (number, described)));
        done += 1;
        progress(done, pictures.len());
        Ok::<_, E>(())
    })?;
    found.sort_by_key(|(number, _)| *number);
    Ok(found.into_iter().map(|(_, described)| described).collect())
}

/// Nothing for a photo without a usable face.
fn describe_one(
    extractor: &mut Extractor,
    picture: &Picture,
    cache: &Cache,
) -> Result<Option<Described>, CacheError> {
    let Ok(bytes) = files::read_photo(&picture.path) else { return Ok(None) };
    let Ok((found, Some(descriptor))) = extractor.describe(&bytes) else { return Ok(None) };
    let (measured, usable) = (found.measured, found.check().is_ok());
    let key = Cache::key(&bytes, "", extractor.version());
    let _ = cache.put(&key, Ok(found), extractor.species())?;
    let descriptor = *descriptor.values();
    Ok(usable.then(|| Described { picture: picture.clone(), descriptor, measured }))
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

/// Groups of persons who look alike: for each person the number of the group. Deterministic
/// k-means from the farthest persons (Gonzalez, Theoretical Computer Science 38, 1985).
pub fn clusters(photos: &[Described], count: usize) -> BTreeMap<String, usize> {
    let persons: Vec<(&str, [f32; DESCRIPTOR_LEN])> = means(photos).into_iter().collect();
    let Some(first) = persons.first() else { return BTreeMap::new() };
    let nearest = |centres: &[[f32; DESCRIPTOR_LEN]], place: &[f32; DESCRIPTOR_LEN]| {
        let distances = centres.iter().map(|centre| distance(centre, place)).enumerate();
        distances.min_by(|a, b| a.1.total_cmp(&b.1)).expect("at least one centre")
    };
    let mut centres = vec![first.1];
    while centres.len() < count.min(persons.len()) {
        let far = |(_, place): &&(&str, _)| nearest(&centres, place).1;
        let farthest = persons.iter().max_by(|a, b| far(a).total_cmp(&far(b)));
        centres.push(farthest.expect("there are persons").1);
    }
    for _ in 0..ROUNDS {
        let mut sums = vec![([0.0; DESCRIPTOR_LEN], 0.0_f32); centres.len()];
        for (_, place) in &persons {
            let (sum, count) = &mut sums[nearest(&centres, place).0];
            sum.iter_mut().zip(place).for_each(|(sum, value)| *sum += value);
            *count += 1.0;
        }
        for (centre, (sum, count)) in centres.iter_mut().zip(sums) {
            if count > 0.0 {
                *centre = sum.map(|sum| sum / count);
            }
        }
    }
    let of = |(person, place): &(&str, _)| ((*person).to_owned(), nearest(&centres, place).0);
    persons.iter().map(of).collect()
}

fn distance(a: &[f32; DESCRIPTOR_LEN], b: &[f32; DESCRIPTOR_LEN]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use mungpy_core::{
        face::{Measurement, SymmetricShape},
        resemblance::Population,
    };

    use super::*;

    fn photo(person: &str, recording: &str, first: f32) -> Described {
        let mean = Population::shipped_dog().shape_mean;
        let shape =
            SymmetricShape::from_points(std::array::from_fn(|i| [mean[2 * i], mean[2 * i + 1]]));
        let mut descriptor = [0.0; DESCRIPTOR_LEN];
        descriptor[0] = first;
        let picture = Picture {
            path: PathBuf::new(),
            individual: person.to_owned(),
            recording: recording.to_owned(),
        };
        let measured = Measurement::of_shape(shape.unwrap()).unwrap();
        Described { picture, descriptor, measured }
    }

    #[test]
    fn one_picture_twice_counts_once_unless_it_is_of_one_recording() {
        let photos = vec![photo("a", "1", 0.0), photo("a", "1", 0.1), photo("a", "2", 0.1)];
        let kept = without_repeated_pictures(photos);
        let kept: Vec<_> = kept.iter().map(|photo| &photo.picture.recording[..]).collect();
        assert_eq!(kept, ["1", "1"]);
    }

    #[test]
    fn a_person_under_another_name_is_left_out() {
        let fit = [photo("x", "1", 0.0), photo("x", "2", 0.2)];
        let photos = vec![photo("a", "1", 0.3), photo("b", "1", 0.9)];
        let kept = without_persons_of(photos, &fit);
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].picture.individual, "b");
    }

    #[test]
    fn who_looks_alike_is_in_one_group() {
        let photos: Vec<Described> = (0..9)
            .map(|i| photo(&format!("p{i}"), "1", [0.0, 5.0, 9.0][i % 3] + 0.1 * i as f32))
            .collect();
        let groups = clusters(&photos, 3);
        assert_eq!(groups["p0"], groups["p3"]);
        assert_eq!(groups["p1"], groups["p7"]);
        assert_ne!(groups["p0"], groups["p1"]);
        assert_ne!(groups["p1"], groups["p2"]);
    }
}
