//! Rankings of dogs, and figures counted over them. Pure.

/// The dogs of a catalogue by their numbers, the one most like a person first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranking(Vec<u32>);

/// The rankings of one individual, one for each recording.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndividualRankings(pub Vec<Ranking>);

impl Ranking {
    /// The dogs in the order of their distance from a person; equally near ones in
    /// their own order.
    pub fn of(person: &[f64], dogs: &[Vec<f64>]) -> Self {
        let distance =
            |dog: &Vec<f64>| dog.iter().zip(person).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        let distances: Vec<f64> = dogs.iter().map(distance).collect();
        let mut order: Vec<u32> = (0..dogs.len() as u32).collect();
        order.sort_by(|&a, &b| {
            distances[a as usize].total_cmp(&distances[b as usize]).then(a.cmp(&b))
        });
        Self(order)
    }

    /// The first `n` dogs; all of them if there are fewer.
    pub fn first(&self, n: usize) -> &[u32] {
        &self.0[..n.min(self.0.len())]
    }

    /// The dog most like the person; `None` if there is no dog.
    pub fn top(&self) -> Option<u32> {
        self.0.first().copied()
    }

    /// The ranking without what comes after the first `n` dogs.
    #[must_use]
    pub fn truncated(mut self, n: usize) -> Self {
        self.0.truncate(n);
        self
    }

    /// How many dogs are among the first `n` of both rankings.
    pub fn shared(&self, other: &Self, n: usize) -> usize {
        self.first(n).iter().filter(|dog| other.first(n).contains(dog)).count()
    }

    /// Rank of a dog, 1 for the first; behind the last for one that is not in it.
    pub fn rank(&self, dog: u32) -> usize {
        self.0.iter().position(|&other| other == dog).unwrap_or(self.0.len()) + 1
    }
}

impl From<Vec<u32>> for Ranking {
    fn from(dogs: Vec<u32>) -> Self {
        Self(dogs)
    }
}

/// N-occurrence: in how many of the rankings each dog is among the first `n`
/// (Radovanović, Nanopoulos & Ivanović, JMLR 11, 2010).
pub fn occurrences(rankings: &[Ranking], n: usize, dogs: usize) -> Vec<usize> {
    let mut count = vec![0; dogs];
    for &dog in rankings.iter().flat_map(|ranking| ranking.first(n)) {
        count[dog as usize] += 1;
    }
    count
}

/// Skewness of counts: the third standardised moment.
pub fn skewness(counts: &[usize]) -> f64 {
    let n = counts.len() as f64;
    let mean = counts.iter().sum::<usize>() as f64 / n;
    let moment = |power| counts.iter().map(|&c| (c as f64 - mean).powi(power)).sum::<f64>() / n;
    let deviation = moment(2).sqrt();
    if deviation > 0.0 { moment(3) / deviation.powi(3) } else { 0.0 }
}

/// `count` as a share of `of`, 0 to 1; 0 of none.
pub fn share(count: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { count as f64 / of as f64 }
}

/// Share of the items, 0 to 1, that a rule holds for.
pub fn share_of<T>(items: &[T], rule: impl Fn(&T) -> bool) -> f64 {
    share(items.iter().filter(|item| rule(item)).count(), items.len())
}

/// The middle value, or the mean of the middle two; 0 of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rankings_are_compared_from_their_first_dog_on() {
        let dogs = vec![vec![0.0], vec![1.0], vec![3.0]];
        let near_the_second = Ranking::of(&[0.9], &dogs);
        assert_eq!(near_the_second, Ranking::from(vec![1, 0, 2]));
        assert_eq!(Ranking::of(&[0.5], &dogs).first(9), [0, 1, 2], "the near ones in their order");
        assert_eq!(near_the_second.shared(&Ranking::from(vec![2, 1, 0]), 2), 1);
        assert_eq!((near_the_second.top(), near_the_second.rank(2)), (Some(1), 3));
        assert_eq!(near_the_second.clone().truncated(1).rank(2), 2);
        let rankings = [near_the_second, Ranking::from(vec![1, 2])];
        assert_eq!(occurrences(&rankings, 1, 3), [0, 2, 0]);
    }

    #[test]
    fn the_median_lies_in_the_middle() {
        assert!((median(vec![3.0, 1.0]) - 2.0).abs() < 1e-12);
        assert!((median(vec![3.0, 9.0, 1.0]) - 3.0).abs() < 1e-12);
        assert!((share_of(&[1, 2, 3, 4], |n| *n > 3) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn one_favourite_skews_the_counts() {
        assert!(skewness(&[0, 0, 0, 0, 0, 0, 0, 9]) > 2.0);
        assert!(skewness(&[1, 2, 3]).abs() < 1e-12);
    }
}
