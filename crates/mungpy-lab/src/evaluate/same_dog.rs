//! Whether another photo of a dog is known to show the same dog.

use std::collections::HashMap;

use mungpy_core::{face::Species, resemblance::Space};

use crate::{
    measuring::GalleryMeasurements,
    methods::Method,
    metrics::{Ranking, share},
};

/// A measured photo of a dog.
struct DogPhoto<'a> {
    dog: &'a str,
    vector: Vec<f64>,
}

/// Rank-1 and rank-5 identification among all dog photos, for dogs with several.
pub(super) fn same_dog(method: Method, space: &Space, dogs: &GalleryMeasurements) -> [f64; 2] {
    let measured = dogs.gallery.pictures.iter().zip(&dogs.outcomes);
    let photos: Vec<DogPhoto<'_>> = measured
        .filter_map(|(picture, outcome)| {
            let face = outcome.as_ref().ok()?;
            let vector = method.vector(space, Species::Dog, &face.measurement);
            Some(DogPhoto { dog: &picture.individual, vector })
        })
        .collect();
    identification(&photos)
}

fn identification(photos: &[DogPhoto<'_>]) -> [f64; 2] {
    let mut count: HashMap<&str, usize> = HashMap::new();
    for photo in photos {
        *count.entry(photo.dog).or_default() += 1;
    }
    let vectors: Vec<Vec<f64>> = photos.iter().map(|photo| photo.vector.clone()).collect();
    let (mut tried, mut hits) = (0, [0, 0]);
    for (number, photo) in photos.iter().enumerate().filter(|(_, photo)| count[photo.dog] > 1) {
        let ranking = Ranking::of(&photo.vector, &vectors);
        // The photo itself may be among the first six.
        let others = ranking.first(6).iter().filter(|&&other| other as usize != number);
        let nearest = others.take(5).position(|&other| photos[other as usize].dog == photo.dog);
        tried += 1;
        hits[0] += usize::from(nearest == Some(0));
        hits[1] += usize::from(nearest.is_some());
    }
    hits.map(|hits| share(hits, tried))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dogs_with_one_photo_are_not_counted_but_get_in_the_way() {
        let photo = |dog, place: f64| DogPhoto { dog, vector: vec![place] };
        let percents = |photos: &[DogPhoto<'_>]| {
            identification(photos).map(|share| (100.0 * share).round() as i32)
        };
        let far = [photo("a", 0.0), photo("b", 0.1), photo("a", 0.5)];
        assert_eq!(percents(&far), [0, 100]);
        let near = [photo("a", 0.0), photo("b", 9.0), photo("a", 0.5)];
        assert_eq!(percents(&near), [100, 100]);
        assert_eq!(percents(&near[..2]), [0, 0]);
    }
}
