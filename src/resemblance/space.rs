//! The common space of both species: where near means alike.

use nalgebra::{SMatrix, SVector, SymmetricEigen};

use super::Population;
use crate::face::{Measurement, RATIO_COUNT, Species, landmarks};

type Matrix = SMatrix<f64, RATIO_COUNT, RATIO_COUNT>;
type Vector = SVector<f64, RATIO_COUNT>;

/// Dimensions of the coarse vector: one for each ratio.
pub const COARSE_LEN: usize = RATIO_COUNT;
const SHAPE_LEN: usize = 2 * landmarks::COUNT;

/// Share of the identity in a correlation matrix before it is inverted: keeps
/// directions of little variance, which are mostly noise, from being blown up.
const CORRELATION_SHRINKAGE: f64 = 0.2;
/// Weight of the whole shape against one perfectly repeatable ratio.
const SHAPE_WEIGHT: f64 = 3.0;
/// Faces that the shipped dogs count as beside those of the catalogue.
const PRIOR_FACES: f64 = 200.0;

/// A face in the common space.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// Weighted deviations of the ratios: what the kd-tree searches.
    pub coarse: [f64; COARSE_LEN],
    /// Weighted deviation of the whole shape: what the second stage adds.
    pub shape: [f32; SHAPE_LEN],
}

impl Embedding {
    /// Squared Euclidean distance of the coarse vectors; never more than
    /// [`Self::distance_squared`].
    pub fn coarse_distance_squared(&self, other: &Self) -> f64 {
        self.coarse.iter().zip(&other.coarse).map(|(a, b)| (a - b).powi(2)).sum()
    }

    /// Squared distance of both stages together.
    pub fn distance_squared(&self, other: &Self) -> f64 {
        let shape: f64 =
            self.shape.iter().zip(&other.shape).map(|(a, b)| f64::from(a - b).powi(2)).sum();
        self.coarse_distance_squared(other) + shape
    }
}

/// Maps measurements of persons and dogs into the common space.
///
/// A ratio counts as its deviation from the mean of the species in standard
/// deviations. The correlations of the dogs' deviations are then matched to
/// those of the persons (CORAL: Sun, Feng & Saenko, AAAI 2016), and each ratio is
/// weighted by the root of its repeatability, so that a ratio which differs
/// between two photos of one person as much as between two persons counts little.
#[derive(Debug, Clone)]
pub struct Space {
    person: Standard,
    dog: Standard,
    dog_to_person: Matrix,
    weights: Vector,
}

#[derive(Debug, Clone)]
struct Standard {
    mean: Vector,
    deviation: Vector,
    shape_mean: Vec<f64>,
    shape_factor: f64,
}

impl Standard {
    fn of(population: &Population) -> Self {
        Self {
            mean: Vector::from_row_slice(&population.ratio_mean),
            deviation: Vector::from(population.ratio_deviations()),
            shape_mean: population.shape_mean.clone(),
            shape_factor: SHAPE_WEIGHT.sqrt() / population.shape_deviation(),
        }
    }

    fn sigmas(&self, log_ratios: &[f64; RATIO_COUNT]) -> Vector {
        (Vector::from(*log_ratios) - self.mean).component_div(&self.deviation)
    }
}

impl Space {
    /// The space for a catalogue of dogs with the given measurements.
    pub fn for_catalogue(dogs: &[Measurement]) -> Self {
        let prior = Population::shipped_dog();
        let dogs = Population::of(Species::Dog, &prior.model_version, dogs);
        Self::new(&Population::shipped_person(), &dogs.shrunk_towards(&prior, PRIOR_FACES))
    }

    /// The space in which `person` and `dog` have the same spread.
    pub fn new(person: &Population, dog: &Population) -> Self {
        let dog_to_person = power(&correlation(person), 0.5) * power(&correlation(dog), -0.5);
        Self {
            person: Standard::of(person),
            dog: Standard::of(dog),
            dog_to_person,
            weights: weights(&person.reliability),
        }
    }

    /// Deviation of each ratio from the species' mean, in standard deviations.
    pub fn sigmas(&self, species: Species, measurement: &Measurement) -> [f64; RATIO_COUNT] {
        self.standard(species).sigmas(&measurement.log_ratios).into()
    }

    /// Weight of each ratio in the coarse distance; their squares have mean 1.
    pub fn weights(&self) -> [f64; RATIO_COUNT] {
        self.weights.into()
    }

    /// A measurement's place in the space.
    pub fn embed(&self, species: Species, measurement: &Measurement) -> Embedding {
        let standard = self.standard(species);
        let sigmas = standard.sigmas(&measurement.log_ratios);
        let matched = match species {
            Species::Person => sigmas,
            Species::Dog => self.dog_to_person * sigmas,
        };
        let shape = measurement.shape.coordinates();
        Embedding {
            coarse: matched.component_mul(&self.weights).into(),
            shape: std::array::from_fn(|i| {
                ((shape[i] - standard.shape_mean[i]) * standard.shape_factor) as f32
            }),
        }
    }

    fn standard(&self, species: Species) -> &Standard {
        match species {
            Species::Person => &self.person,
            Species::Dog => &self.dog,
        }
    }
}

/// Roots of the reliabilities, scaled; all 1 where they are unknown.
fn weights(reliability: &[f64]) -> Vector {
    if reliability.len() != RATIO_COUNT {
        return Vector::repeat(1.0);
    }
    let squares = Vector::from_row_slice(reliability).map(|icc| icc.clamp(0.02, 1.0));
    let mean = squares.mean();
    squares.map(|square| (square / mean).sqrt())
}

fn correlation(population: &Population) -> Matrix {
    let deviation = population.ratio_deviations();
    Matrix::from_fn(|r, c| {
        let correlation =
            population.ratio_covariance[r * RATIO_COUNT + c] / (deviation[r] * deviation[c]);
        let identity = if r == c { 1.0 } else { 0.0 };
        (1.0 - CORRELATION_SHRINKAGE) * correlation + CORRELATION_SHRINKAGE * identity
    })
}

/// Power of a symmetric positive definite matrix.
fn power(matrix: &Matrix, exponent: f64) -> Matrix {
    let eigen = SymmetricEigen::new(*matrix);
    let powers = eigen.eigenvalues.map(|value| value.max(1e-9).powf(exponent));
    eigen.eigenvectors * Matrix::from_diagonal(&powers) * eigen.eigenvectors.transpose()
}
