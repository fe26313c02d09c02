//! Several photos of one person as one face, robust to a photo of somebody else.

use super::Space;
use crate::face::{FaceError, Measurement, Species};

/// Photos from which on one can be told to be odd.
const LEAST_PHOTOS: usize = 3;
/// Distance from the mean of the others at which a photo is left out, in standard deviations
/// between photos of one person. Of three photos of one person from video frames it leaves one
/// out in 6 % of cases, of three news photos in 0.6 %; a photo of somebody else among three is
/// left out in 76 and 85 % (docs/EXPERIMENTS.md).
const ODD: f64 = 2.5;

/// One face out of several photos.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Combination {
    /// The mean of the photos that were kept.
    pub measurement: Measurement,
    /// Number of the photo that was left out.
    pub left_out: Option<usize>,
}

impl Combination {
    /// Averages the measurements of a person's photos. Of three or more, the one that lies
    /// farthest from the others is left out if it lies too far.
    pub fn of(space: &Space, photos: &[Measurement]) -> Result<Self, FaceError> {
        let left_out = odd_one_out(space, photos);
        let kept: Vec<Measurement> = photos
            .iter()
            .enumerate()
            .filter(|(number, _)| Some(*number) != left_out)
            .map(|(_, photo)| *photo)
            .collect();
        Ok(Self { measurement: Measurement::mean(&kept)?, left_out })
    }
}

fn odd_one_out(space: &Space, photos: &[Measurement]) -> Option<usize> {
    if photos.len() < LEAST_PHOTOS {
        return None;
    }
    let places: Vec<Vec<f64>> = photos
        .iter()
        .map(|photo| {
            let place = space.embed(Species::Person, photo);
            place.coordinates()[..space.variances().len()].iter().map(|&c| c.into()).collect()
        })
        .collect();
    let (number, distance) = (0..photos.len())
        .map(|number| (number, distance_to_others(space, &places, number)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    (distance > ODD).then_some(number)
}

/// Distance of a photo from the mean of the others: root mean square over the directions, in
/// standard deviations between photos of one person; the mean of `n - 1` errs by as much as one
/// photo divided by `n - 1`.
fn distance_to_others(space: &Space, places: &[Vec<f64>], number: usize) -> f64 {
    let others = (places.len() - 1) as f64;
    let mut sum = 0.0;
    let directions = space.variances().iter().zip(space.repeatability()).enumerate();
    for (direction, (variance, repeatability)) in directions {
        let all: f64 = places.iter().map(|place| place[direction]).sum();
        let own = places[number][direction];
        let within = (variance * (1.0 - repeatability)).max(f64::MIN_POSITIVE);
        sum += (own - (all - own) / others).powi(2) / within;
    }
    (sum / space.variances().len() as f64 / (1.0 + 1.0 / others)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resemblance::{PersonEstimator, Population, sample_faces};

    #[test]
    fn somebody_else_among_three_is_left_out() {
        let persons = PersonEstimator::shipped().population;
        let space = Space::new(&persons, &Population::shipped_dog());
        let faces = sample_faces(&persons, 60);
        let mut caught = 0;
        for pair in faces.chunks_exact(2) {
            let combination = Combination::of(&space, &[pair[0], pair[1], pair[0]]).unwrap();
            if let Some(left_out) = combination.left_out {
                assert_eq!(left_out, 1);
                assert!(
                    (combination.measurement.log_ratios[0] - pair[0].log_ratios[0]).abs() < 1e-9
                );
                caught += 1;
            }
        }
        assert!(caught >= 15, "{caught} of 30");
    }

    #[test]
    fn photos_that_agree_are_all_kept() {
        let persons = PersonEstimator::shipped().population;
        let space = Space::new(&persons, &Population::shipped_dog());
        let face = sample_faces(&persons, 1)[0];
        for count in 1..=5 {
            assert_eq!(Combination::of(&space, &vec![face; count]).unwrap().left_out, None);
        }
    }
}
