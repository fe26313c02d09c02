//! The normal range of a species: mean and covariance of its proportions.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use crate::face::{Measurement, ModelOrigin, RATIO_COUNT, Ratio, SHAPE_LEN, Species};

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
        let ratios: Vec<&[f64]> = measurements.iter().map(|m| &m.log_ratios[..]).collect();
        let shapes: Vec<_> = measurements.iter().map(|m| m.shape.coordinates()).collect();
        let shapes: Vec<&[f64]> = shapes.iter().map(|s| &s[..]).collect();
        let (ratio_mean, ratio_covariance) = moments(&ratios, RATIO_COUNT);
        let (shape_mean, shape_covariance) = moments(&shapes, SHAPE_LEN);
        Self {
            species: species.name().to_owned(),
            model_version: model_version.to_owned(),
            faces: measurements.len(),
            ratios: Ratio::ALL.map(|ratio| ratio.key().to_owned()).to_vec(),
            repeatability: Vec::new(),
            ratio_mean,
            ratio_covariance,
            shape_mean,
            shape_covariance,
            shape_within: Vec::new(),
            direction_weight: root(),
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

    /// The same with its means half-way to those of other collections, each counting the same.
    /// Statistics of one kind of photo otherwise push persons in photos of another to few dogs.
    #[must_use]
    pub fn centred_between(&self, others: &[Self]) -> Self {
        if others.is_empty() {
            return self.clone();
        }
        let share = 0.5 / others.len() as f64;
        let centre = |mean: fn(&Self) -> &[f64]| -> Vec<f64> {
            let other = |i: usize| others.iter().map(|other| mean(other)[i]).sum::<f64>();
            mean(self).iter().enumerate().map(|(i, own)| 0.5 * own + share * other(i)).collect()
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

/// Covariance between photos of one individual: half the mean outer product of the differences over
/// pairs from different recordings. Each individual counts once.
///
/// `individuals` holds recordings for each individual, and shapes for each recording. The result is
/// empty if no individual has two recordings.
pub fn within_covariance(individuals: &[Vec<Vec<[f64; SHAPE_LEN]>>]) -> Vec<f64> {
    let mut sum = DMatrix::zeros(SHAPE_LEN, SHAPE_LEN);
    let mut count = 0;
    for recordings in individuals {
        let mut own = DMatrix::zeros(SHAPE_LEN, SHAPE_LEN);
        let mut pairs = 0;
        for (number, recording) in recordings.iter().enumerate() {
            for (a, b) in recordings[..number]
                .iter()
                .flatten()
                .flat_map(|a| recording.iter().map(move |b| (a, b)))
            {
                let difference = DVector::from_fn(SHAPE_LEN, |i, _| a[i] - b[i]);
                own.ger(0.5, &difference, &difference, 1.0);
                pairs += 1;
            }
        }
        if pairs > 0 {
            sum += own / f64::from(pairs);
            count += 1;
        }
    }
    if count == 0 { Vec::new() } else { (sum / f64::from(count)).iter().copied().collect() }
}

/// ICC(1,1) of each log ratio between the recordings of an individual, each averaged; 0 where
/// none has two.
///
/// `individuals`: for each, its recordings, and of each recording its measurements.
pub fn ratio_repeatability(individuals: &[Vec<Vec<Measurement>>]) -> Vec<f64> {
    let mean = |recording: &Vec<Measurement>, ratio: usize| {
        recording.iter().map(|m| m.log_ratios[ratio]).sum::<f64>() / recording.len() as f64
    };
    (0..RATIO_COUNT)
        .map(|ratio| {
            let of = |own: &Vec<Vec<Measurement>>| own.iter().map(|r| mean(r, ratio)).collect();
            let groups: Vec<Vec<f64>> = individuals.iter().map(of).collect();
            intraclass_correlation(&groups).unwrap_or(0.0).max(0.0)
        })
        .collect()
}

/// Mean and covariance (divisor n − 1) of rows of `len` numbers; zeros if there are no rows.
fn moments(rows: &[&[f64]], len: usize) -> (Vec<f64>, Vec<f64>) {
    if rows.is_empty() {
        return (vec![0.0; len], vec![0.0; len * len]);
    }
    let data = DMatrix::from_fn(rows.len(), len, |r, c| rows[r][c]);
    let mean = data.row_mean();
    let centred = DMatrix::from_fn(rows.len(), len, |r, c| data[(r, c)] - mean[c]);
    let divisor = (rows.len() as f64 - 1.0).max(1.0);
    let covariance = centred.transpose() * &centred / divisor;
    (mean.iter().copied().collect(), covariance.iter().copied().collect())
}

/// Intraclass correlation ICC(1,1) of one ratio over groups of repeated values, one group per
/// individual (Shrout & Fleiss, Psychological Bulletin 86, 1979).
///
/// Unequal group sizes enter through their effective mean size. Groups with one value carry no
/// information and are skipped; if no other group is left, the result is `None`.
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
}
