//! Turns a distance into a meaningful score: a percentile.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::{Embedding, Population, Space};
use crate::face::{Measurement, SymmetricShape, landmarks::COUNT};

/// Number of sampled persons to compare dogs with.
const PERSONS: usize = 256;
/// Largest number of the catalogue's dogs to compare them with, picked evenly.
const DOGS: usize = 256;
/// Fixed, so that the same catalogue always yields the same scores.
const SEED: u64 = 0x4d75_6e67_7079;

/// Distances between random persons and dogs of the catalogue.
#[derive(Debug, Clone)]
pub struct Calibration {
    /// Squared distances, ascending.
    distances: Vec<f64>,
}

impl Calibration {
    /// Compares persons sampled from the space's population with the dogs.
    pub fn new(space: &Space, dogs: &[Embedding]) -> Self {
        let stride = dogs.len().div_ceil(DOGS).max(1);
        let mut distances: Vec<f64> = sample_persons(space, PERSONS)
            .into_iter()
            .flat_map(|person| {
                dogs.iter()
                    .step_by(stride)
                    .map(move |dog| person.distance_squared(dog))
                    .collect::<Vec<_>>()
            })
            .collect();
        distances.sort_by(f64::total_cmp);
        Self { distances }
    }

    /// Restores a calibration from its ascending squared distances; `None` if they are not.
    pub fn restored(distances: Vec<f64>) -> Option<Self> {
        let is_sound = distances.iter().all(|d| d.is_finite()) && distances.is_sorted();
        is_sound.then_some(Self { distances })
    }

    /// Squared distances between random persons and dogs, ascending.
    pub fn distances(&self) -> &[f64] {
        &self.distances
    }

    /// 0 to 100: the share of random person–dog pairs that are less alike.
    ///
    /// The share is interpolated between neighbouring distances of the sample, so a smaller
    /// distance never scores lower.
    pub fn score(&self, distance_squared: f64) -> f64 {
        let n = self.distances.len();
        if n == 0 {
            return 0.0;
        }
        let above = self.distances.partition_point(|&d| d <= distance_squared);
        let low = if above == 0 { 0.0 } else { self.distances[above - 1] };
        let step = match self.distances.get(above) {
            Some(&high) if high > low => (distance_squared - low) / (high - low),
            _ => 0.0,
        };
        (100.0 * (1.0 - (above as f64 + step) / n as f64)).clamp(0.0, 100.0)
    }
}

/// Places of sampled persons, always the same ones: normal along each direction of the space.
pub fn sample_persons(space: &Space, count: usize) -> Vec<Embedding> {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut place = || {
        let mut coordinate = |variance: f64| {
            let normal: f64 = StandardNormal.sample(&mut random);
            (variance.sqrt() * normal) as f32
        };
        Embedding::at(std::array::from_fn(|i| coordinate(space.variances()[i])))
    };
    (0..count).map(|_| place()).collect()
}

/// Samples faces from a population's normal distribution of shapes, skipping degenerate shapes
/// (which practically never occur).
pub fn sample_faces(population: &Population, count: usize) -> Vec<Measurement> {
    let len = 2 * COUNT;
    let mean = DVector::from_row_slice(&population.shape_mean);
    let eigen =
        SymmetricEigen::new(DMatrix::from_row_slice(len, len, &population.shape_covariance));
    let roots = eigen.eigenvalues.map(|value| value.max(0.0).sqrt());
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut face = || {
        let normal = DVector::from_fn(len, |_, _| StandardNormal.sample(&mut random));
        &mean + &eigen.eigenvectors * roots.component_mul(&normal)
    };
    (0..count)
        .map(|_| face())
        .filter_map(|x: DVector<f64>| {
            let points = std::array::from_fn(|i| [x[2 * i], x[2 * i + 1]]);
            Measurement::of_shape(SymmetricShape::from_points(points).ok()?).ok()
        })
        .collect()
}
