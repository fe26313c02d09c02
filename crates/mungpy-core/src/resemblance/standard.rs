//! The standard of a species: mean and standard deviation of its features and ratios.

use nalgebra::{SMatrix, SVector};

use super::Population;
use crate::face::{
    FEATURE_COUNT, FaceError, Measurement, RATIO_COUNT, SHAPE_LEN, SymmetricShape, features,
    points_of,
};

pub(super) type Matrix = SMatrix<f64, FEATURE_COUNT, FEATURE_COUNT>;
pub(super) type Vector = SVector<f64, FEATURE_COUNT>;
pub(super) type Ratios = SVector<f64, RATIO_COUNT>;

/// Mean and standard deviation of a species.
#[derive(Debug, Clone)]
pub(super) struct Standard {
    pub(super) ratio_mean: Ratios,
    pub(super) ratio_deviation: Ratios,
    pub(super) mean: Vector,
    pub(super) deviation: Vector,
}

impl Standard {
    pub(super) fn of(population: &Population) -> Self {
        let mean: [f64; SHAPE_LEN] =
            population.shape_mean[..].try_into().expect("Population::parse has checked it");
        let variances = feature_covariance(&population.shape_covariance).diagonal();
        Self {
            ratio_mean: Ratios::from_row_slice(&population.ratio_mean),
            ratio_deviation: Ratios::from(population.ratio_deviations()),
            mean: Vector::from(features(&mean)),
            deviation: variances.map(|variance| variance.sqrt().max(1e-6)),
        }
    }

    /// Deviation of each ratio from the mean, in standard deviations.
    pub(super) fn sigmas(&self, measurement: &Measurement) -> [f64; RATIO_COUNT] {
        let deviation = Ratios::from(measurement.log_ratios) - self.ratio_mean;
        deviation.component_div(&self.ratio_deviation).into()
    }

    /// The face whose features deviate from the mean so many standard deviations.
    pub(super) fn face(&self, deviations: &Vector) -> Result<Measurement, FaceError> {
        let features = self.mean + deviations.component_mul(&self.deviation);
        Measurement::of_shape(SymmetricShape::from_points(points_of(&features.into()))?)
    }

    /// Deviation of each feature of the shape from the mean, in standard deviations.
    pub(super) fn standardised(&self, measurement: &Measurement) -> Vector {
        let features = Vector::from(features(&measurement.shape.coordinates()));
        (features - self.mean).component_div(&self.deviation)
    }
}

/// Covariance of the features, from the covariance of the shape coordinates.
pub(super) fn feature_covariance(shape_covariance: &[f64]) -> Matrix {
    let covariance = SMatrix::<f64, SHAPE_LEN, SHAPE_LEN>::from_row_slice(shape_covariance);
    let rule = SMatrix::<f64, FEATURE_COUNT, SHAPE_LEN>::from_columns(&std::array::from_fn::<
        _,
        SHAPE_LEN,
        _,
    >(|i| {
        let mut unit = [0.0; SHAPE_LEN];
        unit[i] = 1.0;
        Vector::from(features(&unit))
    }));
    rule * covariance * rule.transpose()
}

/// Correlations of the features; `shrinkage` is the weight of the identity in them.
pub(super) fn correlation(population: &Population, shrinkage: f64) -> Matrix {
    let covariance = feature_covariance(&population.shape_covariance);
    let deviation = covariance.diagonal().map(|variance| variance.sqrt().max(1e-6));
    Matrix::from_fn(|r, c| {
        let identity = if r == c { 1.0 } else { 0.0 };
        let correlation = covariance[(r, c)] / (deviation[r] * deviation[c]);
        (1.0 - shrinkage) * correlation + shrinkage * identity
    })
}
