//! How well measurements repeat between photos of one individual.

use nalgebra::{DMatrix, DVector};

use crate::face::{Measurement, RATIO_COUNT};

/// Measurements of photos that were taken together: they are no independent
/// measurements of each other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recording {
    /// One for each photo, in the order of the photos; at least one.
    pub photos: Vec<Measurement>,
}

/// What was measured of one person or dog.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Individual {
    /// Taken at different times.
    pub recordings: Vec<Recording>,
}

impl Individual {
    /// Every measurement, recording by recording.
    pub fn photos(&self) -> impl Iterator<Item = &Measurement> {
        self.recordings.iter().flat_map(|recording| &recording.photos)
    }
}

/// Covariance of the differences between photos of one individual: half the mean
/// product over pairs from different recordings, each individual counting once.
///
/// `vector` gives the numbers of a measurement whose covariance is asked for; it
/// has their unit squared and is by rows. Empty if no individual has two recordings.
pub fn within_covariance<const N: usize>(
    individuals: &[Individual],
    vector: impl Fn(&Measurement) -> [f64; N],
) -> Vec<f64> {
    let mut sum = DMatrix::zeros(N, N);
    let mut count = 0;
    for individual in individuals {
        if let Some(own) = covariance_of_one(individual, &vector) {
            sum += own;
            count += 1;
        }
    }
    if count == 0 { Vec::new() } else { (sum / f64::from(count)).iter().copied().collect() }
}

/// The same for one individual; `None` if it has no two recordings.
fn covariance_of_one<const N: usize>(
    individual: &Individual,
    vector: &impl Fn(&Measurement) -> [f64; N],
) -> Option<DMatrix<f64>> {
    let vectors = |recording: &Recording| recording.photos.iter().map(vector).collect();
    let recordings: Vec<Vec<[f64; N]>> = individual.recordings.iter().map(vectors).collect();
    let mut own = DMatrix::zeros(N, N);
    let mut pairs = 0;
    for (number, recording) in recordings.iter().enumerate() {
        let earlier = recordings[..number].iter().flatten();
        for (a, b) in earlier.flat_map(|a| recording.iter().map(move |b| (a, b))) {
            let difference = DVector::from_fn(N, |i, _| a[i] - b[i]);
            own.ger(0.5, &difference, &difference, 1.0);
            pairs += 1;
        }
    }
    (pairs > 0).then(|| own / f64::from(pairs))
}

/// ICC(1,1) of each log ratio between recordings of one individual; `None` where
/// fewer than two individuals have two recordings.
///
/// Of each recording the first `photos` are averaged: with 1, single photos are
/// compared; with `usize::MAX`, whole recordings.
pub fn ratio_repeatabilities(
    individuals: &[Individual],
    photos: usize,
) -> [Option<f64>; RATIO_COUNT] {
    let mean = |recording: &Recording, ratio: usize| {
        let averaged = &recording.photos[..photos.min(recording.photos.len())];
        averaged.iter().map(|photo| photo.log_ratios[ratio]).sum::<f64>() / averaged.len() as f64
    };
    std::array::from_fn(|ratio| {
        let group = |individual: &Individual| {
            individual.recordings.iter().map(|r| mean(r, ratio)).collect()
        };
        intraclass_correlation(&individuals.iter().map(group).collect::<Vec<Vec<f64>>>())
    })
}

/// Intraclass correlation ICC(1,1) of one ratio over groups of repeated values,
/// one group per individual (Shrout & Fleiss, Psychological Bulletin 86, 1979).
///
/// Unequal group sizes enter by their effective mean size. Groups of one value
/// say nothing and are passed over; without any other the answer is `None`.
pub fn intraclass_correlation(groups: &[Vec<f64>]) -> Option<f64> {
    let groups: Vec<DVector<f64>> =
        groups.iter().filter(|g| g.len() > 1).map(|g| DVector::from_row_slice(g)).collect();
    if groups.len() < 2 {
        return None;
    }
    let (k, n) = (groups.len() as f64, groups.iter().map(DVector::len).sum::<usize>() as f64);
    let grand = groups.iter().map(DVector::sum).sum::<f64>() / n;
    let between: f64 = groups.iter().map(|g| g.len() as f64 * (g.mean() - grand).powi(2)).sum();
    let within: f64 = groups.iter().map(|g| g.variance() * g.len() as f64).sum();
    let squares: f64 = groups.iter().map(|g| (g.len() as f64).powi(2)).sum();
    let size = (n - squares / n) / (k - 1.0);
    let (between, within) = (between / (k - 1.0), within / (n - k));
    Some((between - within) / (between + (size - 1.0) * within))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        face::{ModelOrigin, SymmetricShape},
        resemblance::Population,
    };

    #[test]
    fn icc_of_the_textbook_example() {
        // Shrout & Fleiss (1979), table 2: six targets, four judges, ICC(1,1) = 0.17.
        let groups = vec![
            vec![9.0, 2.0, 5.0, 8.0],
            vec![6.0, 1.0, 3.0, 2.0],
            vec![8.0, 4.0, 6.0, 8.0],
            vec![7.0, 1.0, 2.0, 6.0],
            vec![10.0, 5.0, 6.0, 9.0],
            vec![6.0, 2.0, 4.0, 7.0],
        ];
        let icc = intraclass_correlation(&groups).unwrap();
        assert!((icc - 0.17).abs() < 0.005, "{icc}");
    }

    #[test]
    fn without_repetition_there_is_no_icc() {
        assert_eq!(intraclass_correlation(&[vec![1.0], vec![2.0]]), None);
    }
    /// A measurement of a face whose mouth lies so far down.
    fn face(mouth: f64) -> Measurement {
        let mean = Population::shipped_person(ModelOrigin::Own).shape_mean;
        let mut points = std::array::from_fn(|i| [mean[2 * i], mean[2 * i + 1]]);
        points[12..15].iter_mut().for_each(|point: &mut [f64; 2]| point[1] += mouth);
        let shape = SymmetricShape::from_points(points).unwrap();
        Measurement::of_shape(shape).unwrap()
    }

    fn individual(recordings: &[&[f64]]) -> Individual {
        let recording =
            |mouths: &&[f64]| Recording { photos: mouths.iter().copied().map(face).collect() };
        Individual { recordings: recordings.iter().map(recording).collect() }
    }

    #[test]
    fn the_scatter_within_is_half_the_mean_square_between_recordings() {
        let vector = |m: &Measurement| [m.log_ratios[8]];
        let value = |mouth: f64| face(mouth).log_ratios[8];
        let people = [
            individual(&[&[0.0, 0.01], &[0.02]]), // two pairs of photos
            individual(&[&[0.0], &[0.05]]),
            individual(&[&[0.0, 0.1]]), // one recording says nothing
        ];
        let square = |a: f64, b: f64| (value(a) - value(b)).powi(2) / 2.0;
        let first = f64::midpoint(square(0.0, 0.02), square(0.01, 0.02));
        let expected = f64::midpoint(first, square(0.0, 0.05));
        let found = within_covariance(&people, vector);
        assert_eq!(found.len(), 1);
        assert!((found[0] - expected).abs() < 1e-12, "{found:?} {expected}");
        assert!(within_covariance(&people[2..], vector).is_empty());
    }

    #[test]
    fn averaged_photos_repeat_better_if_their_noise_cancels() {
        let people: Vec<Individual> = [-0.02, 0.0, 0.02]
            .map(|own| individual(&[&[own + 0.01, own - 0.01], &[own - 0.01, own + 0.01]]))
            .into();
        let mouth = |photos: usize| ratio_repeatabilities(&people, photos)[8].unwrap();
        assert!(mouth(usize::MAX) > 0.99, "{}", mouth(usize::MAX));
        assert!(mouth(1) < 0.9, "{}", mouth(1));
        assert_eq!(ratio_repeatabilities(&people[..1], 1), [None; RATIO_COUNT]);
    }
}
