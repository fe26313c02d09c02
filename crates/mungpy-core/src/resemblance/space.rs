//! The common space of both species, where near means alike.

use nalgebra::SMatrix;

use super::{
    Population, Shrinkage,
    discriminant::{Discriminant, LEAST_REPEATABILITY, discriminants, power},
    standard::{Matrix, Ratios, Standard, Vector, correlation, feature_covariance},
};
use crate::face::{FEATURE_COUNT, FaceError, Measurement, RATIO_COUNT, Species};

/// Dimensions of the space. The 16 features of a symmetric shape vary in only 14 directions,
/// because the face's vertical position and size are normalised away. The last two hardly repeat
/// and are left out.
pub const DIRECTIONS: usize = 12;
/// Index of the dog's handicap in an embedding.
const HANDICAP: usize = DIRECTIONS;
/// Number of coordinates of an embedding: directions and handicap.
pub const EMBEDDING_LEN: usize = DIRECTIONS + 1;

/// Weight of the identity in the covariance within persons, as a share of its mean variance.
const WITHIN_SHRINKAGE: f64 = 0.03;
/// Number of faces that the shipped dogs count as, next to those of the catalogue.
const PRIOR_FACES: f64 = 200.0;

/// A face in the common space: the directions, the most repeatable first, and a dog's handicap (see
/// [`assign_handicaps`](super::assign_handicaps)).
///
/// Single precision halves the memory of a catalogue, and its error is a hundred thousand times
/// smaller than that of the landmarks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Embedding([f32; EMBEDDING_LEN]);

impl Embedding {
    /// A place given by its directions, without a handicap: for simulations.
    pub fn at(directions: [f32; DIRECTIONS]) -> Self {
        Self(std::array::from_fn(|i| if i == HANDICAP { 0.0 } else { directions[i] }))
    }

    /// All coordinates; the last one is the handicap.
    pub fn coordinates(&self) -> &[f32; EMBEDDING_LEN] {
        &self.0
    }

    /// Squared Euclidean distance, summed in double precision.
    pub fn distance_squared(&self, other: &Self) -> f64 {
        self.0.iter().zip(&other.0).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
    }

    /// The coordinate that makes up for how near the dog is to persons.
    pub fn handicap(&self) -> f32 {
        self.0[HANDICAP]
    }

    /// Sets the handicap.
    pub fn set_handicap(&mut self, handicap: f32) {
        self.0[HANDICAP] = handicap;
    }
}

/// Maps measurements of persons and dogs into the common space.
///
/// 1. Each feature of the symmetric shape becomes its deviation from the mean of the species, in
///    standard deviations.
/// 2. The correlations of the dogs' deviations are matched to those of the persons (CORAL: Sun,
///    Feng & Saenko, AAAI 2016).
/// 3. The space is rotated to the directions that differ most between persons and least between
///    photos of one person (linear discriminant analysis: Fisher, 1936), each scaled to a power of
///    its repeatability: see [`Population::direction_weight`].
#[derive(Debug, Clone)]
pub struct Space {
    persons: Population,
    person: Standard,
    dog: Standard,
    dog_to_person: Matrix,
    directions: SMatrix<f64, DIRECTIONS, FEATURE_COUNT>,
    repeatability: [f64; DIRECTIONS],
    variances: [f64; DIRECTIONS],
    ratio_weights: [f64; RATIO_COUNT],
}

impl Space {
    /// Builds the space for persons of a population and a catalogue of dogs with the given
    /// measurements.
    pub fn for_catalogue(persons: &Population, dogs: &[Measurement]) -> Self {
        Self::new(persons, &Self::dogs_of_catalogue(dogs))
    }

    /// The population of dogs that a catalogue with these measurements stands for.
    pub fn dogs_of_catalogue(dogs: &[Measurement]) -> Population {
        let prior = Population::shipped_dog();
        let dogs = Population::of(Species::Dog, &prior.model_version, dogs);
        dogs.shrunk_towards(&prior, PRIOR_FACES)
    }

    /// Builds the space in which `person` and `dog` have the same spread.
    pub fn new(person: &Population, dog: &Population) -> Self {
        let standard = Standard::of(person);
        let (directions, repeatability) = scaled_directions(person, &standard);
        let Shrinkage { person: of_persons, dog: of_dogs } = person.shrinkage;
        Self {
            dog_to_person: power(&correlation(person, of_persons), 0.5)
                * power(&correlation(dog, of_dogs), -0.5),
            persons: person.clone(),
            person: standard,
            dog: Standard::of(dog),
            directions,
            repeatability,
            variances: repeatability.map(|r| r.powf(2.0 * person.direction_weight)),
            ratio_weights: ratio_weights(&person.repeatability),
        }
    }

    /// The population of persons that the space was built for.
    pub fn persons(&self) -> &Population {
        &self.persons
    }

    /// Deviation of each ratio from the species' mean, in standard deviations.
    pub fn sigmas(&self, species: Species, measurement: &Measurement) -> [f64; RATIO_COUNT] {
        self.standard(species).sigmas(measurement)
    }

    /// Weight of each ratio in an explanation: the root of its repeatability, scaled so that the
    /// squares have mean 1.
    pub fn ratio_weights(&self) -> [f64; RATIO_COUNT] {
        self.ratio_weights
    }

    /// Share of each direction's variance among persons that is not variance between photos of one
    /// person, in the order of the embedding.
    pub fn repeatability(&self) -> &[f64; DIRECTIONS] {
        &self.repeatability
    }

    /// Variance of persons along each direction; in the order of the embedding.
    pub fn variances(&self) -> &[f64] {
        &self.variances
    }

    /// Maps a measurement into the space, without a handicap.
    pub fn embed(&self, species: Species, measurement: &Measurement) -> Embedding {
        let standardised = self.standard(species).standardised(measurement);
        let matched = match species {
            Species::Person => standardised,
            Species::Dog => self.dog_to_person * standardised,
        };
        let place = self.directions * matched;
        Embedding::at(place.map(|coordinate| coordinate as f32).into())
    }

    /// The dog's proportions that map to the same point as the person's, to first order:
    /// normalising the size makes this slightly non-linear.
    pub fn counterpart(&self, person: &Measurement) -> Result<Measurement, FaceError> {
        let matched = self.person.standardised(person);
        let person_to_dog = self.dog_to_person.try_inverse().ok_or(FaceError::Degenerate)?;
        self.dog.face(&(person_to_dog * matched))
    }

    fn standard(&self, species: Species) -> &Standard {
        match species {
            Species::Person => &self.person,
            Species::Dog => &self.dog,
        }
    }
}

/// The directions as rows, each scaled to a power of its repeatability, and the repeatabilities.
/// The direction that contributes most to distances comes first.
fn scaled_directions(
    population: &Population,
    standard: &Standard,
) -> (SMatrix<f64, DIRECTIONS, FEATURE_COUNT>, [f64; DIRECTIONS]) {
    let standardised = |covariance: &[f64]| {
        let scale = Matrix::from_diagonal(&standard.deviation.map(f64::recip));
        scale * feature_covariance(covariance) * scale
    };
    let total = standardised(&population.shape_covariance);
    let within =
        (!population.shape_within.is_empty()).then(|| standardised(&population.shape_within));
    let mut rows = discriminants(&total, within.as_ref(), WITHIN_SHRINKAGE);
    rows.truncate(DIRECTIONS);
    rows.sort_by(|a, b| b.repeatability.total_cmp(&a.repeatability));
    let scale = |row: &Discriminant<FEATURE_COUNT>| {
        row.repeatability.powf(population.direction_weight) / row.variance.sqrt()
    };
    let scaled: Vec<Vector> = rows.iter().map(|row| row.direction * scale(row)).collect();
    let directions = SMatrix::from_fn(|row, column| scaled[row][column]);
    (directions, std::array::from_fn(|i| rows[i].repeatability))
}

/// Roots of the repeatabilities, scaled; all 1 if they are unknown.
fn ratio_weights(repeatability: &[f64]) -> [f64; RATIO_COUNT] {
    if repeatability.len() != RATIO_COUNT {
        return [1.0; RATIO_COUNT];
    }
    let squares =
        Ratios::from_row_slice(repeatability).map(|icc| icc.clamp(LEAST_REPEATABILITY, 1.0));
    let mean = squares.mean();
    squares.map(|square| (square / mean).sqrt()).into()
}
