//! Running sums over persons, from which an operator learns who their public is.

use serde::{Deserialize, Serialize};

use super::{PersonEstimator, Population};
use crate::face::{FEATURE_COUNT, FaceError, Measurement, SymmetricShape, points_of};

/// Persons that the statistics of the estimator count as beside those of the sums.
const PRIOR_PERSONS: f64 = 200.0;

/// Count, mean and covariance of the features of many persons; no person can be read off them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonSums {
    /// Version of the models that measured the persons.
    pub model_version: String,
    /// Number of persons.
    pub count: u64,
    /// Mean of the features.
    pub mean: Vec<f64>,
    /// Sums of the products of deviations from the mean, by rows.
    pub products: Vec<f64>,
}

impl PersonSums {
    /// Sums over nobody yet.
    pub fn new(model_version: &str) -> Self {
        Self {
            model_version: model_version.to_owned(),
            count: 0,
            mean: vec![0.0; FEATURE_COUNT],
            products: vec![0.0; FEATURE_COUNT * FEATURE_COUNT],
        }
    }

    /// Whether the numbers are complete and were measured by these models.
    pub fn is_of(&self, model_version: &str) -> bool {
        self.model_version == model_version
            && self.mean.len() == FEATURE_COUNT
            && self.products.len() == FEATURE_COUNT * FEATURE_COUNT
    }

    /// Adds a person (Welford, Technometrics 4, 1962).
    pub fn add(&mut self, person: &Measurement) {
        let features = person.features();
        self.count += 1;
        let before: Vec<f64> = features.iter().zip(&self.mean).map(|(x, mean)| x - mean).collect();
        for (mean, deviation) in self.mean.iter_mut().zip(&before) {
            *mean += deviation / self.count as f64;
        }
        for (row, deviation) in before.iter().enumerate() {
            for (column, feature) in features.iter().enumerate() {
                self.products[row * FEATURE_COUNT + column] +=
                    deviation * (feature - self.mean[column]);
            }
        }
    }

    /// Covariance of the features, by rows; zeros for fewer than two persons.
    pub fn covariance(&self) -> Vec<f64> {
        let divisor = self.count.saturating_sub(1).max(1) as f64;
        self.products.iter().map(|sum| sum / divisor).collect()
    }

    /// The estimator with its statistics centred on these persons: the more there are, the more.
    pub fn recentre(&self, estimator: &PersonEstimator) -> Result<PersonEstimator, FaceError> {
        let share = self.count as f64 / (self.count as f64 + PRIOR_PERSONS);
        let measured = |points| Measurement::of_shape(SymmetricShape::from_points(points)?);
        let shape = &estimator.population.shape_mean;
        let old = measured(std::array::from_fn(|i| [shape[2 * i], shape[2 * i + 1]]))?;
        let mean: [f64; FEATURE_COUNT] = std::array::from_fn(|i| self.mean[i]);
        let own = measured(points_of(&mean))?;
        let blend = |old: f64, shift: f64| old + share * shift;
        let (from, to) = (old.shape.coordinates(), own.shape.coordinates());
        let population = Population {
            shape_mean: (0..from.len()).map(|i| blend(shape[i], to[i] - from[i])).collect(),
            ratio_mean: (0..old.log_ratios.len())
                .map(|i| {
                    let shift = own.log_ratios[i] - old.log_ratios[i];
                    blend(estimator.population.ratio_mean[i], shift)
                })
                .collect(),
            ..estimator.population.clone()
        };
        Ok(PersonEstimator { population, ..estimator.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resemblance::sample_faces;

    #[test]
    fn sums_give_mean_and_covariance() {
        let faces = sample_faces(&PersonEstimator::shipped().population, 50);
        let mut sums = PersonSums::new("test");
        for face in &faces {
            sums.add(face);
        }
        let features: Vec<_> = faces.iter().map(Measurement::features).collect();
        let n = features.len() as f64;
        let mean = |i: usize| features.iter().map(|f| f[i]).sum::<f64>() / n;
        let (i, j) = (3, 9);
        let products = features.iter().map(|f| (f[i] - mean(i)) * (f[j] - mean(j)));
        let covariance = products.sum::<f64>() / (n - 1.0);
        assert!((sums.mean[i] - mean(i)).abs() < 1e-12);
        assert!((sums.covariance()[i * FEATURE_COUNT + j] - covariance).abs() < 1e-12);
    }

    #[test]
    fn a_public_of_wide_eyes_moves_the_centre_towards_it() {
        let estimator = PersonEstimator::shipped();
        let mut faces = sample_faces(&estimator.population, 400);
        faces.sort_by(|a, b| b.features()[2].total_cmp(&a.features()[2]));
        let mut sums = PersonSums::new("test");
        for face in &faces[..200] {
            sums.add(face);
        }
        let moved = sums.recentre(&estimator).unwrap().population;
        // Landmark 2 is the left eye's inner corner: wider-set eyes move it to the left.
        assert!(moved.shape_mean[4] < estimator.population.shape_mean[4]);
        assert_eq!(moved.shape_covariance, estimator.population.shape_covariance);
    }
}
