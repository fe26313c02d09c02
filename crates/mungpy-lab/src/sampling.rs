//! Places that are sampled at random.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// A place whose coordinates are normal with mean 0 and these variances.
pub(crate) fn sample_normal(variances: &[f64], random: &mut ChaCha8Rng) -> Vec<f64> {
    let normal = |variance: &f64| {
        let value: f64 = StandardNormal.sample(random);
        value * variance.sqrt()
    };
    variances.iter().map(normal).collect()
}
