//! Measured proportions in the terms of estimated ones.

use super::{
    Population,
    discriminant::power,
    standard::{Matrix, Standard, correlation},
};
use crate::face::{FaceError, Measurement, RATIO_COUNT};

/// Weight of the identity in both correlation matrices, one of which is inverted.
const SHRINKAGE: f64 = 0.05;

/// Carries a face of one population to the face that has the same place in another one: as many
/// standard deviations from the mean, with the correlations matched (CORAL: Sun, Feng & Saenko,
/// AAAI 2016).
///
/// Proportions that are measured spread wider than those that are estimated. A measured face that
/// was compared with the statistics of estimates would always be extreme.
#[derive(Debug, Clone)]
pub struct Transport {
    from: Standard,
    to: Standard,
    matched: Matrix,
}

impl Transport {
    /// Carries faces from one population to another of the same species.
    pub fn new(from: &Population, to: &Population) -> Self {
        let matched =
            power(&correlation(to, SHRINKAGE), 0.5) * power(&correlation(from, SHRINKAGE), -0.5);
        Self { from: Standard::of(from), to: Standard::of(to), matched }
    }

    /// The face that has the same place in the other population.
    ///
    /// # Errors
    /// The result spans no face.
    pub fn carry(&self, face: &Measurement) -> Result<Measurement, FaceError> {
        self.to.face(&(self.matched * self.from.standardised(face)))
    }

    /// Deviation of each ratio from the mean of the population that faces come from, in standard
    /// deviations.
    pub fn sigmas(&self, face: &Measurement) -> [f64; RATIO_COUNT] {
        self.from.sigmas(face)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        face::ModelOrigin,
        resemblance::{PersonEstimator, sample_faces},
    };

    #[test]
    fn carried_faces_spread_like_the_population_that_they_are_carried_to() {
        let measured = Population::shipped_person(ModelOrigin::Own);
        let estimated = PersonEstimator::shipped().population;
        let transport = Transport::new(&measured, &estimated);
        let faces = sample_faces(&measured, 2000);
        let carried: Vec<_> = faces.iter().map(|face| transport.carry(face).unwrap()).collect();
        let found = Population::of(crate::face::Species::Person, "", &carried);
        let (found, wanted) = (found.ratio_deviations(), estimated.ratio_deviations());
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((0.7..1.4).contains(&(found / wanted)), "{found} against {wanted}");
        }
        let average = |faces: &[Measurement]| Measurement::mean(faces).unwrap().log_ratios;
        for (found, wanted) in average(&carried).iter().zip(&estimated.ratio_mean) {
            assert!((found - wanted).abs() < 0.05, "{found} against {wanted}");
        }
    }

    #[test]
    fn a_population_carried_to_itself_stays() {
        let population = Population::shipped_person(ModelOrigin::Own);
        let transport = Transport::new(&population, &population);
        for face in sample_faces(&population, 50) {
            let carried = transport.carry(&face).unwrap();
            for (a, b) in face.log_ratios.iter().zip(carried.log_ratios) {
                assert!((a - b).abs() < 1e-6, "{a} {b}");
            }
        }
    }
}
