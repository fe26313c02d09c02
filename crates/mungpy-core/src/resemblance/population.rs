//! The normal range of a species: mean and covariance of its proportions.

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

use super::{Individual, ratio_repeatabilities, within_covariance};
use crate::face::{LogRatios, Measurement, ModelOrigin, RATIO_COUNT, Ratio, SHAPE_LEN, Species};

/// Statistics over the measurements of many faces of one species.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Population {
    /// `person` or `dog`.
    pub species: String,
    /// Version of the models that measured the faces.
    pub model_version: String,
    /// Number of faces measured.
    pub faces: usize,
    /// Keys of the ratios, in the order of the arrays below.
    pub ratios: Vec<String>,
    /// Repeatability of each ratio between photos of one individual: the intraclass correlation
    /// ICC(1,1), 0 to 1; empty if not measured.
    pub repeatability: Vec<f64>,
    /// Mean of the log ratios.
    pub ratio_mean: Vec<f64>,
    /// Covariance of the log ratios, row by row.
    pub ratio_covariance: Vec<f64>,
    /// Mean symmetric shape: x and y of the 16 landmarks, centroid size 1.
    pub shape_mean: Vec<f64>,
    /// Covariance of the symmetric shape, row by row.
    pub shape_covariance: Vec<f64>,
    /// Covariance of the symmetric shape between photos of one individual from different
    /// recordings, row by row; empty if not measured.
    #[serde(default)]
    pub shape_within: Vec<f64>,
    /// Power of its repeatability that a direction of the space is scaled by. The root suits
    /// measurements; estimates repeat so well that more weight on the best directions pays.
    #[serde(default = "root")]
    pub direction_weight: f64,
    /// How far the correlations of both species are shrunk before they are matched.
    #[serde(default)]
    pub shrinkage: Shrinkage,
}

/// Weights of the identity in the correlation matrices that a space matches, 0 to 1. They are chosen
/// so that along every direction dogs spread at least half and at most twice as far as persons.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shrinkage {
    /// Of the persons' matrix.
    pub person: f64,
    /// Of the dogs' matrix, which is inverted. Directions in which dogs vary little are mostly
    /// landmark noise, and a large weight keeps the inversion from amplifying it.
    pub dog: f64,
}

impl Shrinkage {
    /// For persons whose proportions are estimated. They hardly vary along some directions, and hold
    /// little noise.
    pub const ESTIMATED: Self = Self { person: 0.05, dog: 0.4 };
    /// For persons whose proportions are measured, with as much noise as those of dogs.
    pub const MEASURED: Self = Self { person: 0.2, dog: 0.1 };
}

impl Default for Shrinkage {
    fn default() -> Self {
        Self::MEASURED
    }
}

fn root() -> f64 {
    0.5
}

/// A population file that does not fit this program.
#[derive(Debug, thiserror::Error)]
#[error("population file: {0}")]
pub struct PopulationError(String);

impl PopulationError {
    pub(super) fn new(detail: String) -> Self {
        Self(detail)
    }
}

impl Population {
    /// Computes the statistics; fewer than two measurements give no covariance.
    pub fn of(species: Species, model_version: &str, measurements: &[Measurement]) -> Self {
        let ratios: Vec<LogRatios> = measurements.iter().map(|m| m.log_ratios).collect();
        let shapes: Vec<_> = measurements.iter().map(|m| m.shape.coordinates()).collect();
        let (ratio_mean, ratio_covariance) = moments(&ratios);
        let (shape_mean, shape_covariance) = moments(&shapes);
        Self {
            species: species.name().to_owned(),
            model_version: model_version.to_owned(),
            faces: measurements.len(),
            ratios: Ratio::ALL.map(|ratio| ratio.key().to_owned()).to_vec(),
            repeatability: Vec::new(),
            ratio_mean: ratio_mean.to_vec(),
            ratio_covariance,
            shape_mean: shape_mean.to_vec(),
            shape_covariance,
            shape_within: Vec::new(),
            direction_weight: root(),
            shrinkage: Shrinkage::default(),
        }
    }

    /// The same statistics, with how well the measurements of these individuals repeat between
    /// recordings: ratios averaged over each recording, shapes photo by photo.
    #[must_use]
    pub fn with_repeatability(self, individuals: &[Individual]) -> Self {
        let repeatability = ratio_repeatabilities(individuals, usize::MAX);
        Self {
            repeatability: repeatability.map(|icc| icc.unwrap_or(0.0).max(0.0)).to_vec(),
            shape_within: within_covariance(individuals, |m| m.shape.coordinates()),
            ..self
        }
    }

    /// The shipped reference population of persons. Each landmark model places its points slightly
    /// differently, so each has its own statistics.
    pub fn shipped_person(landmarks: ModelOrigin) -> Self {
        Self::parse(match landmarks {
            ModelOrigin::Own => {
                include_str!("../../../../landmark-models/person-population-own.json")
            }
            ModelOrigin::Dlib => {
                include_str!("../../../../landmark-models/person-population-dlib.json")
            }
        })
        .expect("the shipped population is valid")
    }

    /// The shipped dogs, which serve as prior for a small catalogue.
    pub fn shipped_dog() -> Self {
        Self::parse(include_str!("../../../../landmark-models/dog-population.json"))
            .expect("the shipped population is valid")
    }

    /// Parses a population file and checks that it has this version's ratios.
    pub fn parse(json: &str) -> Result<Self, PopulationError> {
        let population: Self =
            serde_json::from_str(json).map_err(|error| PopulationError(error.to_string()))?;
        population.check()?;
        Ok(population)
    }

    /// Checks that the statistics speak of the ratios and landmarks of this version.
    pub(super) fn check(&self) -> Result<(), PopulationError> {
        let keys = Ratio::ALL.map(Ratio::key);
        if self.ratios != keys {
            return Err(PopulationError(format!(
                "its ratios are {:?}, this version measures {keys:?}; make it anew with mungpy population",
                self.ratios
            )));
        }
        for (name, found, expected) in [
            ("ratio_mean", self.ratio_mean.len(), RATIO_COUNT),
            ("ratio_covariance", self.ratio_covariance.len(), RATIO_COUNT * RATIO_COUNT),
            ("shape_mean", self.shape_mean.len(), SHAPE_LEN),
            ("shape_covariance", self.shape_covariance.len(), SHAPE_LEN * SHAPE_LEN),
        ] {
            if found != expected {
                return Err(PopulationError(format!(
                    "{name} has {found} numbers, expected {expected}"
                )));
            }
        }
        if ![0, SHAPE_LEN * SHAPE_LEN].contains(&self.shape_within.len()) {
            return Err(PopulationError("shape_within is of another size".to_owned()));
        }
        let Shrinkage { person, dog } = self.shrinkage;
        // The dogs' matrix is singular without any.
        if !((0.0..=1.0).contains(&person) && dog > 0.0 && dog <= 1.0) {
            let detail =
                format!("shrinkage is {person} for persons and {dog} for dogs, beyond 0 to 1");
            return Err(PopulationError(detail));
        }
        Ok(())
    }

    /// Shrinks this population towards a prior that counts as `prior_faces` faces.
    ///
    /// The mean of a few dogs is mostly chance; as their number grows, the prior fades.
    #[must_use]
    pub fn shrunk_towards(&self, prior: &Self, prior_faces: f64) -> Self {
        let share = self.faces as f64 / (self.faces as f64 + prior_faces);
        let blend = |own: &[f64], prior: &[f64]| -> Vec<f64> {
            own.iter().zip(prior).map(|(a, b)| share * a + (1.0 - share) * b).collect()
        };
        Self {
            ratio_mean: blend(&self.ratio_mean, &prior.ratio_mean),
            ratio_covariance: blend(&self.ratio_covariance, &prior.ratio_covariance),
            shape_mean: blend(&self.shape_mean, &prior.shape_mean),
            shape_covariance: blend(&self.shape_covariance, &prior.shape_covariance),
            ..self.clone()
        }
    }

    /// The same with the mean of its own means and those of other collections, each counting the
    /// same. Statistics of one kind of photo otherwise push persons in photos of another to few
    /// dogs.
    #[must_use]
    pub fn centred_between(&self, others: &[Self]) -> Self {
        let count = (1 + others.len()) as f64;
        let centre = |mean: fn(&Self) -> &[f64]| -> Vec<f64> {
            let other = |i: usize| others.iter().map(|other| mean(other)[i]).sum::<f64>();
            mean(self).iter().enumerate().map(|(i, own)| (own + other(i)) / count).collect()
        };
        Self {
            ratio_mean: centre(|population| &population.ratio_mean),
            shape_mean: centre(|population| &population.shape_mean),
            ..self.clone()
        }
    }

    /// Standard deviation of each log ratio.
    pub fn ratio_deviations(&self) -> [f64; RATIO_COUNT] {
        std::array::from_fn(|i| self.ratio_covariance[i * (RATIO_COUNT + 1)].sqrt().max(1e-6))
    }
}

/// Mean of rows of numbers, and their covariance (divisor n − 1) by rows; zeros if there are no
/// rows.
pub fn moments<const N: usize>(rows: &[[f64; N]]) -> ([f64; N], Vec<f64>) {
    if rows.is_empty() {
        return ([0.0; N], vec![0.0; N * N]);
    }
    let data = DMatrix::from_fn(rows.len(), N, |r, c| rows[r][c]);
    let mean = data.row_mean();
    let centred = DMatrix::from_fn(rows.len(), N, |r, c| data[(r, c)] - mean[c]);
    let divisor = (rows.len() as f64 - 1.0).max(1.0);
    let covariance = centred.transpose() * &centred / divisor;
    (std::array::from_fn(|i| mean[i]), covariance.iter().copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_collection_counts_the_same_for_the_centre() {
        let own = Population::shipped_dog();
        let moved = |by: f64| {
            let mut other = own.clone();
            other.ratio_mean.iter_mut().for_each(|mean| *mean += by);
            other
        };
        let centred = own.centred_between(&[moved(0.3), moved(0.6)]);
        for (centre, own) in centred.ratio_mean.iter().zip(&own.ratio_mean) {
            assert!((centre - own - 0.3).abs() < 1e-12);
        }
        assert_eq!(centred.ratio_covariance, own.ratio_covariance);
        let alone = own.centred_between(&[]);
        assert!(alone.ratio_mean.iter().zip(&own.ratio_mean).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}
