//! Variants of the common space: other features, directions and scales.

use mungpy_core::{
    face::{Measurement, features},
    resemblance::{Discriminant, Individual, discriminants, moments, within_covariance},
};
use nalgebra::{SMatrix, SVector};
use serde::Serialize;

/// Least variance along a direction, in variances of one feature: individuals do not
/// differ along directions with less.
const LEAST_VARIANCE: f64 = 1e-9;

/// Numbers of a face that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Features {
    /// The ten log ratios.
    LogRatios,
    /// The 16 features of the symmetric shape.
    Shape,
}

/// Standard deviation that persons get along a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// 1.
    None,
    /// The root of the direction's repeatability.
    RootRepeatability,
    /// The direction's repeatability.
    Repeatability,
}

/// A way to place persons in a space.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Variant {
    /// Numbers that are compared, as deviations from the mean in standard deviations.
    pub features: Features,
    /// So many discriminant directions; `None` leaves the features as they are.
    pub directions: Option<usize>,
    /// How the directions are scaled.
    pub scaling: Scaling,
    /// Share of the mean variance within persons that is added to each feature's.
    pub ridge: f64,
}

/// Gives a measurement its place in the space of a variant.
pub(super) type Placing = Box<dyn Fn(&Measurement) -> Vec<f64>>;

impl Variant {
    /// The space of this variant, with the statistics of these persons.
    pub(super) fn fitted(&self, persons: &[Individual]) -> Placing {
        match self.features {
            Features::LogRatios => self.fitted_to(persons, |face| face.log_ratios),
            Features::Shape => self.fitted_to(persons, |face| features(&face.shape.coordinates())),
        }
    }

    fn fitted_to<const N: usize>(
        &self,
        persons: &[Individual],
        vector: fn(&Measurement) -> [f64; N],
    ) -> Placing {
        let all: Vec<[f64; N]> = persons.iter().flat_map(Individual::photos).map(vector).collect();
        let (mean, covariance) = moments(&all);
        let covariance = SMatrix::<f64, N, N>::from_row_slice(&covariance);
        let deviation = covariance.diagonal().map(|variance| variance.sqrt().max(1e-6));
        let scale = SMatrix::from_diagonal(&deviation.map(f64::recip));
        let within = within_covariance(persons, vector);
        let within = (!within.is_empty())
            .then(|| scale * SMatrix::<f64, N, N>::from_row_slice(&within) * scale);
        let axes = self.axes(&(scale * covariance * scale), within.as_ref());
        Box::new(move |face| {
            let deviations = SVector::from(vector(face)) - SVector::from(mean);
            let standardised = deviations.component_div(&deviation);
            axes.iter().map(|axis| axis.dot(&standardised)).collect()
        })
    }

    /// The weights of the features in each coordinate, given the covariances of the
    /// standardised features over all photos and within persons.
    fn axes<const N: usize>(
        &self,
        total: &SMatrix<f64, N, N>,
        within: Option<&SMatrix<f64, N, N>>,
    ) -> Vec<SVector<f64, N>> {
        let Some(count) = self.directions else {
            let unit = |i| SVector::from_fn(|row, _| if row == i { 1.0 } else { 0.0 });
            return (0..N).map(unit).collect();
        };
        let varies =
            |axis: &Discriminant<N>| axis.variance > LEAST_VARIANCE * axis.direction.norm_squared();
        discriminants(total, within, self.ridge)
            .into_iter()
            .take(count)
            .filter(varies)
            .map(|axis| {
                axis.direction * (self.scaling.deviation(axis.repeatability) / axis.variance.sqrt())
            })
            .collect()
    }
}

impl Scaling {
    /// Standard deviation along a direction of this repeatability.
    fn deviation(self, repeatability: f64) -> f64 {
        match self {
            Self::None => 1.0,
            Self::RootRepeatability => repeatability.sqrt(),
            Self::Repeatability => repeatability,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::space::tests::made_up_people, *};

    const PRODUCT: Variant = Variant {
        features: Features::Shape,
        directions: Some(14),
        scaling: Scaling::None,
        ridge: 0.03,
    };

    /// Standard deviation of the places of single photos, coordinate by coordinate.
    fn deviations(variant: Variant, people: &[Individual]) -> Vec<f64> {
        let place = variant.fitted(people);
        let places: Vec<Vec<f64>> = people.iter().flat_map(Individual::photos).map(place).collect();
        let n = places.len() as f64;
        let deviation = |i: usize| {
            let mean = places.iter().map(|place| place[i]).sum::<f64>() / n;
            let squares = places.iter().map(|place| (place[i] - mean).powi(2)).sum::<f64>();
            (squares / (n - 1.0)).sqrt()
        };
        (0..places[0].len()).map(deviation).collect()
    }

    #[test]
    fn the_scaling_sets_how_much_a_direction_counts() {
        let people = made_up_people(60, 0.02);
        let unscaled = deviations(PRODUCT, &people);
        assert_eq!(unscaled.len(), 14);
        assert!(unscaled.iter().all(|d| (d - 1.0).abs() < 1e-6), "{unscaled:?}");
        let root = Variant { scaling: Scaling::RootRepeatability, ..PRODUCT };
        let whole = Variant { scaling: Scaling::Repeatability, ..PRODUCT };
        let (root, whole) = (deviations(root, &people), deviations(whole, &people));
        assert!(root.iter().zip(&whole).all(|(r, w)| (r * r - w).abs() < 1e-6));
        assert!(root.iter().all(|d| *d < 0.999), "noise takes something of each: {root:?}");
    }

    #[test]
    fn features_as_they_are_are_standardised() {
        let people = made_up_people(30, 0.02);
        let variant = Variant { features: Features::LogRatios, directions: None, ..PRODUCT };
        let found = deviations(variant, &people);
        assert!(found.len() == 10 && found.iter().all(|d| (d - 1.0).abs() < 1e-6), "{found:?}");
    }

    #[test]
    fn few_people_who_repeat_fully_span_few_directions() {
        let people = made_up_people(4, 0.0);
        let place = PRODUCT.fitted(&people)(&people[0].recordings[0].photos[0]);
        assert!(place.len() == 3 && place.iter().all(|x| x.is_finite()), "{place:?}");
    }
}
