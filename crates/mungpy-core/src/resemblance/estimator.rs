//! A person's proportions as they usually are: estimated from the whole face.
//!
//! Proportions read off one photo follow expression, nod, lens and moment; between two photos of
//! a person they differ almost as much as between two persons. A face descriptor was trained to
//! see who a person is and follows none of these. So the estimate is the expectation of what a
//! person's features measure on average over photos, given the descriptor and the measurement of
//! one photo; both enter linearly.

use serde::{Deserialize, Serialize};

use super::{Population, PopulationError};
use crate::face::{FEATURE_COUNT, FaceError, Measurement, SymmetricShape, points_of};

/// Numbers of a face descriptor.
pub const DESCRIPTOR_LEN: usize = 128;

/// The linear map from a descriptor and a measurement to a person's usual proportions, and the
/// statistics of persons that were estimated with it. One versioned file holds both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonEstimator {
    /// Form of this file; see [`PersonEstimator::FORMAT`].
    pub format: u32,
    /// Version of the models that described and measured the photos of the fit.
    pub model_version: String,
    /// Persons and photos of the fit.
    pub fitted_on: [usize; 2],
    /// The 16 features of the estimate where descriptor and measurement are zero.
    pub offset: Vec<f64>,
    /// 16 rows of 128: what the descriptor adds.
    pub from_descriptor: Vec<f64>,
    /// 16 rows of 16: what the measured features add.
    pub from_features: Vec<f64>,
    /// Statistics of the estimates of many persons.
    pub population: Population,
}

impl PersonEstimator {
    /// The form of the file that this version reads and writes.
    pub const FORMAT: u32 = 2;

    /// The estimator that is shipped.
    pub fn shipped() -> Self {
        Self::parse(include_str!("../../../../landmark-models/person-estimator.json"))
            .expect("the shipped estimator is valid")
    }

    /// Parses an estimator file and checks that it fits this version.
    pub fn parse(json: &str) -> Result<Self, PopulationError> {
        let invalid = |detail: String| PopulationError::new(format!("estimator: {detail}"));
        let estimator: Self =
            serde_json::from_str(json).map_err(|error| invalid(error.to_string()))?;
        if estimator.format != Self::FORMAT {
            let (found, known) = (estimator.format, Self::FORMAT);
            return Err(invalid(format!("format {found}, this version reads {known}")));
        }
        for (name, found, expected) in [
            ("offset", &estimator.offset, FEATURE_COUNT),
            ("fromDescriptor", &estimator.from_descriptor, FEATURE_COUNT * DESCRIPTOR_LEN),
            ("fromFeatures", &estimator.from_features, FEATURE_COUNT * FEATURE_COUNT),
        ] {
            if found.len() != expected || found.iter().any(|value| !value.is_finite()) {
                let found = found.len();
                return Err(invalid(format!("{name} has {found} numbers, expected {expected}")));
            }
        }
        estimator.population.check()?;
        Ok(estimator)
    }

    /// A person's usual proportions, from the descriptor and the measurement of one photo.
    pub fn estimate(
        &self,
        descriptor: &[f32; DESCRIPTOR_LEN],
        measured: &Measurement,
    ) -> Result<Measurement, FaceError> {
        let measured = measured.features();
        let estimated: [f64; FEATURE_COUNT] = std::array::from_fn(|row| {
            let described = &self.from_descriptor[row * DESCRIPTOR_LEN..][..DESCRIPTOR_LEN];
            let read = &self.from_features[row * FEATURE_COUNT..][..FEATURE_COUNT];
            let described: f64 =
                described.iter().zip(descriptor).map(|(w, &value)| w * f64::from(value)).sum();
            let read: f64 = read.iter().zip(&measured).map(|(w, value)| w * value).sum();
            self.offset[row] + described + read
        });
        Measurement::of_shape(SymmetricShape::from_points(points_of(&estimated))?)
    }
}
