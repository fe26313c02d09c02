//! How an estimator of persons is fitted: ridge regression from one photo to the others.

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector};

use super::{PersonEstimator, Population, PopulationError, Shrinkage, estimator::DESCRIPTOR_LEN};
use crate::face::{FEATURE_COUNT, Measurement, Species};

/// One photo of a person of the fit.
pub struct FitPhoto {
    /// Number of the person.
    pub person: usize,
    /// Number of the occasion; photos of one occasion are no independent measurements.
    pub occasion: usize,
    /// The face descriptor.
    pub descriptor: [f32; DESCRIPTOR_LEN],
    /// The proportions read off the photo.
    pub measured: Measurement,
}

/// How strongly a fit is held back, and what it listens to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitOptions {
    /// Ridge, in mean eigenvalues of the inputs' covariance.
    pub ridge: f64,
    /// Variance of a measured feature as an input, beside 1 for a number of the descriptor.
    /// More of it makes the estimate truer and less steady.
    pub measured_share: f64,
    /// Parts into which persons are split, so that each is estimated by a fit without them.
    pub folds: usize,
}

impl Default for FitOptions {
    /// What the shipped estimator was fitted with; docs/EXPERIMENTS.md compares others.
    fn default() -> Self {
        Self { ridge: 10.0, measured_share: 0.35, folds: 8 }
    }
}

/// A fit, and the estimates of its own persons by fits without them.
pub struct Fit {
    /// The estimator; its population is empty.
    pub estimator: PersonEstimator,
    /// For each photo that has others of another occasion: its number and its estimate.
    pub held_out: Vec<(usize, Measurement)>,
}

/// Fits the linear map from a photo to what a person's features measure on average over the
/// photos of *other* occasions. Each person counts once.
///
/// # Errors
/// Fewer than two persons have photos of two occasions, or an estimate is no face.
pub fn fit(
    photos: &[FitPhoto],
    options: FitOptions,
    model_version: &str,
) -> Result<Fit, PopulationError> {
    let problem = Problem::new(photos, options)?;
    let everyone: Vec<usize> = (0..problem.rows.len()).collect();
    let whole = problem.solve(&everyone);
    let mut held_out = Vec::with_capacity(everyone.len());
    for fold in 0..options.folds {
        let is_out = |row: &usize| problem.fold_of[*row] == fold;
        let kept: Vec<usize> = everyone.iter().copied().filter(|row| !is_out(row)).collect();
        if kept.len() == everyone.len() {
            continue;
        }
        let part = problem.estimator(&problem.solve(&kept), model_version);
        for row in everyone.iter().filter(|row| is_out(row)) {
            let photo = &photos[problem.rows[*row]];
            let estimate = part
                .estimate(&photo.descriptor, &photo.measured)
                .map_err(|error| PopulationError::new(format!("an estimate failed: {error}")))?;
            held_out.push((problem.rows[*row], estimate));
        }
    }
    let mut estimator = problem.estimator(&whole, model_version);
    estimator.fitted_on = [problem.persons, everyone.len()];
    held_out.sort_by_key(|(number, _)| *number);
    Ok(Fit { estimator, held_out })
}

/// Numbers of an input: the descriptor, then the measured features.
const INPUTS: usize = DESCRIPTOR_LEN + FEATURE_COUNT;

/// Standardised inputs and targets of the photos that have others of another occasion.
struct Problem {
    /// Numbers of these photos.
    rows: Vec<usize>,
    fold_of: Vec<usize>,
    persons: usize,
    inputs: DMatrix<f64>,
    targets: DMatrix<f64>,
    weights: DVector<f64>,
    ridge: f64,
    /// What is subtracted from an input, and what it is then multiplied by.
    centre: DVector<f64>,
    scale: DVector<f64>,
    /// Mean and standard deviation of the features.
    mean: DVector<f64>,
    deviation: DVector<f64>,
}

impl Problem {
    fn new(photos: &[FitPhoto], options: FitOptions) -> Result<Self, PopulationError> {
        let features: Vec<[f64; FEATURE_COUNT]> =
            photos.iter().map(|photo| photo.measured.features()).collect();
        let (targets, rows) = targets(photos, &features);
        let persons = Persons::of(photos, &rows);
        let (found, needed) = (persons.count(), options.folds.max(2));
        if found < needed {
            return Err(PopulationError::new(format!(
                "{found} persons have photos of two occasions, at least {needed} are needed"
            )));
        }
        let raw = DMatrix::from_fn(rows.len(), INPUTS, |row, column| {
            let photo = &photos[rows[row]];
            match column.checked_sub(DESCRIPTOR_LEN) {
                None => f64::from(photo.descriptor[column]),
                Some(feature) => features[rows[row]][feature],
            }
        });
        let (centre, deviations) = moments(&raw);
        let scale = input_scale(&deviations, options.measured_share);
        let inputs = DMatrix::from_fn(rows.len(), INPUTS, |row, column| {
            (raw[(row, column)] - centre[column]) * scale[column]
        });
        let mean = centre.rows(DESCRIPTOR_LEN, FEATURE_COUNT).into_owned();
        let deviation = deviations.rows(DESCRIPTOR_LEN, FEATURE_COUNT).into_owned();
        let targets = DMatrix::from_fn(rows.len(), FEATURE_COUNT, |row, feature| {
            (targets[row][feature] - mean[feature]) / deviation[feature]
        });
        Ok(Self {
            fold_of: persons.place.iter().map(|place| place % options.folds).collect(),
            persons: persons.count(),
            weights: persons.weights(),
            ridge: options.ridge,
            rows,
            inputs,
            targets,
            centre,
            scale,
            mean,
            deviation,
        })
    }

    /// Weights of the inputs (rows) for each feature (columns), and the constants, by these rows.
    fn solve(&self, rows: &[usize]) -> (DMatrix<f64>, DVector<f64>) {
        let inputs = self.inputs.select_rows(rows);
        let targets = self.targets.select_rows(rows);
        let weights = self.weights.select_rows(rows);
        let weights = &weights / weights.sum();
        let (input_mean, target_mean) = (inputs.tr_mul(&weights), targets.tr_mul(&weights));
        let centred = |all: &DMatrix<f64>, mean: &DVector<f64>| {
            DMatrix::from_fn(all.nrows(), all.ncols(), |r, c| all[(r, c)] - mean[c])
        };
        let (inputs, targets) = (centred(&inputs, &input_mean), centred(&targets, &target_mean));
        let weighted = DMatrix::from_fn(inputs.nrows(), INPUTS, |r, c| inputs[(r, c)] * weights[r]);
        let mut covariance = inputs.tr_mul(&weighted);
        let ridge = self.ridge * covariance.trace() / INPUTS as f64;
        for i in 0..INPUTS {
            covariance[(i, i)] += ridge;
        }
        let solved = covariance
            .cholesky()
            .expect("a covariance with a ridge is positive definite")
            .solve(&weighted.tr_mul(&targets));
        let constants = target_mean - solved.tr_mul(&input_mean);
        (solved, constants)
    }

    /// The solution in terms of descriptors and features as they are.
    fn estimator(
        &self,
        (solved, constants): &(DMatrix<f64>, DVector<f64>),
        model_version: &str,
    ) -> PersonEstimator {
        let weight = |feature: usize, input: usize| {
            self.deviation[feature] * solved[(input, feature)] * self.scale[input]
        };
        let rows = |inputs: std::ops::Range<usize>| -> Vec<f64> {
            let row = |feature| inputs.clone().map(move |input| weight(feature, input));
            (0..FEATURE_COUNT).flat_map(row).collect()
        };
        let offset = |feature: usize| {
            let centred: f64 =
                (0..INPUTS).map(|input| weight(feature, input) * self.centre[input]).sum();
            self.mean[feature] + self.deviation[feature] * constants[feature] - centred
        };
        PersonEstimator {
            format: PersonEstimator::FORMAT,
            model_version: model_version.to_owned(),
            fitted_on: [0, 0],
            offset: (0..FEATURE_COUNT).map(offset).collect(),
            from_descriptor: rows(0..DESCRIPTOR_LEN),
            from_features: rows(DESCRIPTOR_LEN..INPUTS),
            population: Population {
                shrinkage: Shrinkage::ESTIMATED,
                ..Population::of(Species::Person, model_version, &[])
            },
        }
    }
}

/// The persons of the rows of a problem.
struct Persons {
    /// For each row, the place of its person among all persons.
    place: Vec<usize>,
    /// Photos of each person.
    photos: Vec<f64>,
}

impl Persons {
    fn of(photos: &[FitPhoto], rows: &[usize]) -> Self {
        let mut places: BTreeMap<usize, usize> = BTreeMap::new();
        let mut persons = Self { place: Vec::new(), photos: Vec::new() };
        for &row in rows {
            let next = places.len();
            let place = *places.entry(photos[row].person).or_insert(next);
            if place == persons.photos.len() {
                persons.photos.push(0.0);
            }
            persons.photos[place] += 1.0;
            persons.place.push(place);
        }
        persons
    }

    fn count(&self) -> usize {
        self.photos.len()
    }

    /// Weight of each row, so that every person weighs the same.
    fn weights(&self) -> DVector<f64> {
        DVector::from_iterator(self.place.len(), self.place.iter().map(|&p| 1.0 / self.photos[p]))
    }
}

/// What each centred input is multiplied by: the numbers of the descriptor get a mean square of 1
/// together, each measured feature one of `measured_share`.
fn input_scale(deviations: &DVector<f64>, measured_share: f64) -> DVector<f64> {
    let described = deviations.rows(0, DESCRIPTOR_LEN);
    let spread = (described.norm_squared() / DESCRIPTOR_LEN as f64).sqrt();
    DVector::from_fn(INPUTS, |column, _| {
        if column < DESCRIPTOR_LEN {
            1.0 / spread
        } else {
            measured_share.sqrt() / deviations[column]
        }
    })
}

/// For each photo that has others of another occasion: the mean features of the person's other
/// occasions, each occasion counting once; and the numbers of these photos, by person.
fn targets(
    photos: &[FitPhoto],
    features: &[[f64; FEATURE_COUNT]],
) -> (Vec<[f64; FEATURE_COUNT]>, Vec<usize>) {
    let mut persons: BTreeMap<usize, BTreeMap<usize, Vec<usize>>> = BTreeMap::new();
    for (number, photo) in photos.iter().enumerate() {
        persons.entry(photo.person).or_default().entry(photo.occasion).or_default().push(number);
    }
    let mean = |rows: &[[f64; FEATURE_COUNT]]| -> [f64; FEATURE_COUNT] {
        std::array::from_fn(|i| rows.iter().map(|row| row[i]).sum::<f64>() / rows.len() as f64)
    };
    let (mut targets, mut rows) = (Vec::new(), Vec::new());
    for occasions in persons.values().filter(|occasions| occasions.len() > 1) {
        let means: BTreeMap<usize, [f64; FEATURE_COUNT]> = occasions
            .iter()
            .map(|(&occasion, photos)| {
                let own: Vec<_> = photos.iter().map(|&photo| features[photo]).collect();
                (occasion, mean(&own))
            })
            .collect();
        for (own, photos) in occasions {
            let others: Vec<_> =
                means.iter().filter(|(other, _)| *other != own).map(|(_, mean)| *mean).collect();
            for &photo in photos {
                targets.push(mean(&others));
                rows.push(photo);
            }
        }
    }
    (targets, rows)
}

/// Mean and standard deviation of each column.
fn moments(rows: &DMatrix<f64>) -> (DVector<f64>, DVector<f64>) {
    let mean = rows.row_mean().transpose();
    let deviation = DVector::from_fn(rows.ncols(), |column, _| {
        let column_mean = mean[column];
        let squares = rows.column(column).map(|value| (value - column_mean).powi(2));
        squares.mean().sqrt().max(1e-9)
    });
    (mean, deviation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resemblance::sample_faces;

    /// Persons whose descriptor holds their features, and photos that measure them badly.
    fn photos(persons: usize) -> Vec<FitPhoto> {
        let faces =
            sample_faces(&Population::shipped_person(crate::face::ModelOrigin::Own), 3 * persons);
        (0..2 * persons)
            .map(|number| {
                let person = number / 2;
                let usual = faces[person].features();
                let noise = faces[persons + number].features();
                let blended: [f64; FEATURE_COUNT] =
                    std::array::from_fn(|i| 0.6 * usual[i] + 0.4 * noise[i]);
                let shape =
                    crate::face::SymmetricShape::from_points(crate::face::points_of(&blended));
                let mut descriptor = [0.0; DESCRIPTOR_LEN];
                for (number, feature) in descriptor.iter_mut().zip(usual) {
                    *number = feature as f32;
                }
                FitPhoto {
                    person,
                    occasion: number % 2,
                    descriptor,
                    measured: Measurement::of_shape(shape.unwrap()).unwrap(),
                }
            })
            .collect()
    }

    fn error(a: &[f64; FEATURE_COUNT], b: &[f64; FEATURE_COUNT]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    #[test]
    fn estimates_of_two_photos_agree_better_than_their_measurements() {
        let photos = photos(80);
        let fit = fit(&photos, FitOptions { ridge: 0.1, ..FitOptions::default() }, "test").unwrap();
        assert_eq!(fit.estimator.fitted_on, [80, 160]);
        assert_eq!(fit.held_out.len(), 160);
        let (mut estimated, mut measured) = (0.0, 0.0);
        for pair in fit.held_out.chunks(2) {
            let [(a, x), (b, y)] = pair else { panic!("two photos a person") };
            assert_eq!(photos[*a].person, photos[*b].person);
            estimated += error(&x.features(), &y.features());
            let [a, b] = [a, b].map(|&number| photos[number].measured.features());
            measured += error(&a, &b);
        }
        assert!(estimated < 0.5 * measured, "{estimated} and {measured}");
    }

    #[test]
    fn one_photo_a_person_teaches_nothing() {
        let alone: Vec<FitPhoto> = photos(20).into_iter().step_by(2).collect();
        assert!(fit(&alone, FitOptions::default(), "test").is_err());
    }
}
