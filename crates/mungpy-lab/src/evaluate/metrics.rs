//! What is counted over ranked lists. Pure.

/// Numbers of the dogs in the order of their distance from a person.
pub(super) fn ranked(person: &[f64], dogs: &[Vec<f64>]) -> Vec<u32> {
    let distances: Vec<f64> =
        dogs.iter().map(|dog| dog.iter().zip(person).map(|(a, b)| (a - b).powi(2)).sum()).collect();
    let mut order: Vec<u32> = (0..dogs.len() as u32).collect();
    order.sort_by(|&a, &b| distances[a as usize].total_cmp(&distances[b as usize]).then(a.cmp(&b)));
    order
}

/// How many of the first `n` two lists share.
pub(super) fn overlap(a: &[u32], b: &[u32], n: usize) -> usize {
    let n = n.min(a.len());
    a[..n].iter().filter(|dog| b[..n].contains(dog)).count()
}

/// Place of `dog` in a list; the first is 0.
pub(super) fn place(list: &[u32], dog: u32) -> usize {
    list.iter().position(|&other| other == dog).unwrap_or(list.len())
}

/// N-occurrence: in how many of the lists each dog is among the first `n`
/// (Radovanović, Nanopoulos & Ivanović, JMLR 11, 2010).
pub(super) fn occurrences(lists: &[Vec<u32>], n: usize, dogs: usize) -> Vec<usize> {
    let mut count = vec![0; dogs];
    for &dog in lists.iter().flat_map(|list| &list[..n.min(list.len())]) {
        count[dog as usize] += 1;
    }
    count
}

/// Skewness of counts: the third standardised moment.
pub(super) fn skewness(counts: &[usize]) -> f64 {
    let n = counts.len() as f64;
    let mean = counts.iter().sum::<usize>() as f64 / n;
    let moment = |power| counts.iter().map(|&c| (c as f64 - mean).powi(power)).sum::<f64>() / n;
    let deviation = moment(2).sqrt();
    if deviation > 0.0 { moment(3) / deviation.powi(3) } else { 0.0 }
}

pub(super) fn share(count: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { count as f64 / of as f64 }
}

pub(super) fn median(mut values: Vec<f64>) -> f64 {
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
    fn lists_are_compared_as_told() {
        let dogs = vec![vec![0.0], vec![1.0], vec![3.0]];
        assert_eq!(ranked(&[0.9], &dogs), [1, 0, 2]);
        assert_eq!(ranked(&[0.5], &dogs), [0, 1, 2], "equally near dogs keep their order");
        assert_eq!(overlap(&[1, 0, 2], &[2, 1, 0], 2), 1);
        assert_eq!(place(&[1, 0, 2], 2), 2);
        assert_eq!(occurrences(&[vec![1, 0], vec![1, 2]], 1, 3), [0, 2, 0]);
        assert!((median(vec![3.0, 1.0]) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn one_favourite_skews_the_counts() {
        assert!(skewness(&[0, 0, 0, 0, 0, 0, 0, 9]) > 2.0);
        assert!(skewness(&[1, 2, 3]).abs() < 1e-12);
    }
}
