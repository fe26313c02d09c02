//! How far two photos of one person give the same dogs.

use serde::Serialize;

use crate::metrics::{IndividualRankings, Ranking, median};

/// Over pairs of an individual's recordings. Shares are between 0 and 1, and each
/// individual counts once in them.
#[derive(Debug, Clone, Serialize)]
pub struct Sameness {
    /// Pairs compared.
    pub pairs: usize,
    /// Share with the same top dog.
    pub same_top: f64,
    /// Share whose first five have a dog in common.
    pub shared_five: f64,
    /// Mean share of the first 5, and of the first 10, in common.
    pub mean_overlap: [f64; 2],
    /// Median rank of the one photo's top dog in the other's list; 1 is first.
    pub median_rank: f64,
}

impl Sameness {
    /// Of individuals; those with one recording say nothing.
    pub fn of(individuals: &[IndividualRankings]) -> Self {
        let mut sums = [0.0; 4];
        let (mut ranks, mut compared, mut pairs) = (Vec::new(), 0, 0);
        for IndividualRankings(own) in individuals.iter().filter(|own| own.0.len() > 1) {
            let mut own_sums = [0.0; 4];
            let mut count = 0;
            for (number, a) in own.iter().enumerate() {
                for b in &own[..number] {
                    own_sums.iter_mut().zip(common(a, b)).for_each(|(sum, figure)| *sum += figure);
                    ranks.extend(a.top().map(|top| b.rank(top) as f64));
                    count += 1;
                }
            }
            sums.iter_mut().zip(own_sums).for_each(|(sum, own)| *sum += own / f64::from(count));
            compared += 1;
            pairs += count as usize;
        }
        let [same_top, shared_five, five, ten] = sums.map(|sum| sum / f64::from(compared.max(1)));
        let mean_overlap = [five, ten];
        Self { pairs, same_top, shared_five, mean_overlap, median_rank: median(ranks) }
    }
}

/// Figures that two rankings have in common: the top dog and one of the first five, each 0 or
/// 1; shares of the first 5 and of the first 10.
fn common(a: &Ranking, b: &Ranking) -> [f64; 4] {
    let five = a.shared(b, 5);
    [
        f64::from(u8::from(a.top() == b.top())),
        f64::from(u8::from(five > 0)),
        five as f64 / 5.0,
        a.shared(b, 10) as f64 / 10.0,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_individual_counts_once() {
        let ranking = |first: u32| Ranking::from((first..first + 20).collect::<Vec<u32>>());
        let steady = IndividualRankings(vec![ranking(0), ranking(0), ranking(0)]);
        let unsteady = IndividualRankings(vec![ranking(0), ranking(4)]);
        let silent = IndividualRankings(vec![ranking(7)]);
        let found = Sameness::of(&[steady, unsteady, silent]);
        assert_eq!(found.pairs, 4);
        assert!((found.same_top - 0.5).abs() < 1e-12 && (found.shared_five - 1.0).abs() < 1e-12);
        assert!((found.mean_overlap[0] - 0.6).abs() < 1e-12, "{found:?}");
        assert!((found.median_rank - 1.0).abs() < 1e-12);
    }
}
