//! Directions in which individuals differ more from each other than from themselves
//! (linear discriminant analysis: Fisher, Annals of Eugenics 7, 1936).

use nalgebra::{DMatrix, SMatrix, SVector, SymmetricEigen};

/// Repeatability that the least repeatable direction is still given.
pub(super) const LEAST_REPEATABILITY: f64 = 0.02;

/// A direction in a space of standardised features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Discriminant<const N: usize> {
    /// What each feature counts for; the largest entry is positive.
    pub direction: SVector<f64, N>,
    /// Variance between photos of all individuals along the direction.
    pub variance: f64,
    /// Share of that variance which is not variance within individuals, 0.02 to 1;
    /// 1 where nothing is known of the variance within.
    pub repeatability: f64,
}

/// All directions, the one that tells individuals apart best first.
///
/// `total` is the covariance of the features over all photos, `within` the one
/// between photos of one individual, if it was measured. Directions in which an
/// individual hardly varies are mostly chance: `ridge`, a share of the mean variance
/// within, is added to the variance of each feature.
pub fn discriminants<const N: usize>(
    total: &SMatrix<f64, N, N>,
    within: Option<&SMatrix<f64, N, N>>,
    ridge: f64,
) -> Vec<Discriminant<N>> {
    let scatter = within.copied().unwrap_or_else(SMatrix::identity);
    let ridge = ridge * scatter.trace() / N as f64;
    let whitener = power(&(scatter + SMatrix::identity() * ridge), -0.5);
    let (eigenvalues, eigenvectors) = eigen(&(whitener * total * whitener));
    let mut order: Vec<usize> = (0..N).collect();
    order.sort_by(|&a, &b| eigenvalues[b].total_cmp(&eigenvalues[a]));
    let discriminant = |column: usize| {
        let direction = whitener * eigenvectors.column(column);
        let along = |covariance: &SMatrix<f64, N, N>| direction.dot(&(covariance * direction));
        let variance = along(total);
        let repeatability = within
            .map_or(1.0, |within| (1.0 - along(within) / variance).clamp(LEAST_REPEATABILITY, 1.0));
        // An eigenvector's sign is chance; the largest entry is made positive.
        let sign = direction[direction.iamax()].signum();
        Discriminant { direction: direction * sign, variance, repeatability }
    };
    order.into_iter().map(discriminant).collect()
}

/// Power of a symmetric positive definite matrix.
pub(super) fn power<const N: usize>(
    matrix: &SMatrix<f64, N, N>,
    exponent: f64,
) -> SMatrix<f64, N, N> {
    let (eigenvalues, eigenvectors) = eigen(matrix);
    let powers = eigenvalues.map(|value| value.max(1e-9).powf(exponent));
    eigenvectors * SMatrix::from_diagonal(&powers) * eigenvectors.transpose()
}

/// Eigenvalues of a symmetric matrix, and their eigenvectors as columns. On the heap,
/// because nalgebra does not decompose a matrix whose size is a parameter.
fn eigen<const N: usize>(matrix: &SMatrix<f64, N, N>) -> (SVector<f64, N>, SMatrix<f64, N, N>) {
    let eigen = SymmetricEigen::new(DMatrix::from_column_slice(N, N, matrix.as_slice()));
    let values = SVector::from_column_slice(eigen.eigenvalues.as_slice());
    (values, SMatrix::from_column_slice(eigen.eigenvectors.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_direction_that_repeats_best_comes_first() {
        let total = SMatrix::<f64, 3, 3>::from_diagonal(&SVector::from([1.0, 1.0, 1.0]));
        let within = SMatrix::from_diagonal(&SVector::from([0.5, 0.1, 0.9]));
        let found = discriminants(&total, Some(&within), 0.0);
        let shares: Vec<f64> = found.iter().map(|d| d.repeatability).collect();
        assert!(
            shares.iter().zip([0.9, 0.5, 0.1]).all(|(a, b)| (a - b).abs() < 1e-9),
            "{shares:?}"
        );
        assert_eq!(found[0].direction.iamax(), 1);
        assert!(found[0].direction[1] > 0.0);
        assert!(discriminants(&total, None, 0.1).iter().all(|d| d.repeatability > 0.999));
    }

    #[test]
    fn a_ridge_keeps_a_small_error_from_ruling() {
        // The second feature hardly varies, and its error only seems to be smaller still.
        let total = SMatrix::<f64, 2, 2>::from_diagonal(&SVector::from([1.0, 0.001]));
        let within = SMatrix::from_diagonal(&SVector::from([0.5, 0.0001]));
        let first = |ridge| discriminants(&total, Some(&within), ridge)[0].direction.iamax();
        assert_eq!([first(0.0), first(0.3)], [1, 0]);
    }
}
