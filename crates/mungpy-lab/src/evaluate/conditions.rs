//! How the error of a measurement, and with it the bound of steadiness, depends on the
//! difference between two photos of a person: pose, size, moment, treatment.

use std::collections::BTreeMap;

use mungpy_core::{face::Species, resemblance::Space};
use serde::Serialize;

use super::bound::steadiness;
use crate::{
    distortion::Distortion,
    measuring::{Extent, Face, GalleryMeasurements},
    metrics::median,
};

/// Something that differs between two photos of a person, and how steady the answer
/// can then be.
#[derive(Debug, Clone, Serialize)]
pub struct Condition {
    /// The difference.
    pub name: String,
    /// Pairs of photos that the error was measured on.
    pub pairs: usize,
    /// Median of the shorter interocular distance of a pair, in pixels.
    pub interocular: f64,
    /// Mean over the directions: share of the variance that two photos have in common.
    pub repeatability: f64,
    /// Share of sampled persons with the same top dog in both photos.
    pub same_top: f64,
    /// Share of sampled persons whose first five have a dog in common.
    pub shared_five: f64,
}

/// Yaw in degrees up to which a face is seen from the front here.
const FRONTAL: f64 = 5.0;

/// Two photos of an individual, by their numbers.
type Pair = (usize, usize);

/// A condition that a pair of faces meets or not.
type Rule<'a> = (&'a str, &'a dyn Fn(&Face, &Face) -> bool);

/// Sizes at which all photos of persons are measured, to see what resolution does.
const SIZES: [Distortion; 2] = [Distortion::Scaled(75), Distortion::Scaled(60)];

/// Changes of photos of persons, and which photos each is tried on.
pub fn distortions() -> Vec<(Distortion, Extent)> {
    let first = Distortion::ALL.map(|distortion| (distortion, Extent::First));
    first.into_iter().chain(SIZES.map(|size| (size, Extent::Every))).collect()
}

/// Each condition, with the error measured under it and the bound that follows.
pub(super) fn conditions(
    space: &Space,
    people: &GalleryMeasurements,
    dogs: usize,
) -> Vec<Condition> {
    let judge = Judge { space, people, dogs };
    let plain = |number: usize| people.outcomes[number].as_ref().ok();
    let others = judge.pairs(false);
    let mut found = vec![
        judge.disturbed(),
        judge.condition("another frame of one recording", &judge.pairs(true), &plain),
        judge.condition("another recording", &others, &plain),
    ];
    let frontal = |face: &Face| face.quality.yaw.abs() <= FRONTAL;
    let rules: [Rule<'_>; 3] = [
        ("- both within 5° of the front", &|a, b| frontal(a) && frontal(b)),
        ("- one within 5°, one beyond", &|a, b| frontal(a) != frontal(b)),
        ("- both beyond 5°", &|a, b| !frontal(a) && !frontal(b)),
    ];
    for (name, rule) in rules {
        let meets = |&(a, b): &Pair| plain(a).zip(plain(b)).is_some_and(|(a, b)| rule(a, b));
        let chosen: Vec<Pair> = others.iter().copied().filter(meets).collect();
        found.push(judge.condition(name, &chosen, &plain));
    }
    found.extend(judge.sizes(&others));
    found.into_iter().filter(|condition| condition.pairs > 0).collect()
}

/// Measures errors in the space, of people among so many dogs.
struct Judge<'a> {
    space: &'a Space,
    people: &'a GalleryMeasurements,
    dogs: usize,
}

impl Judge<'_> {
    /// Pairs of measured photos of one individual, from one recording or from two.
    fn pairs(&self, same_recording: bool) -> Vec<Pair> {
        let pictures = &self.people.gallery.pictures;
        let mut own: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, picture) in pictures.iter().enumerate() {
            if self.people.outcomes[number].is_ok() {
                own.entry(&picture.individual).or_default().push(number);
            }
        }
        let fits =
            |&(a, b): &Pair| (pictures[a].recording == pictures[b].recording) == same_recording;
        own.values()
            .flat_map(|own| {
                let pair = move |i: usize| own[..i].iter().map(move |&a| (a, own[i]));
                (0..own.len()).flat_map(pair)
            })
            .filter(fits)
            .collect()
    }

    /// The same photo before and after what is done to photos on their way.
    fn disturbed(&self) -> Condition {
        let counts = |d: Distortion| {
            use Distortion::{Glasses, Mask, Mirrored, Scaled};
            !matches!(d, Mirrored | Glasses | Mask | Scaled(..=99))
        };
        let changed = self.people.distorted.iter().filter(|(d, _)| counts(*d));
        let faces: Vec<(&str, &Face, &Face)> = changed
            .flat_map(|(_, outcomes)| outcomes)
            .filter_map(|(number, outcome)| {
                let plain = self.people.outcomes[*number].as_ref().ok()?;
                Some((self.individual(*number), plain, outcome.as_ref().ok()?))
            })
            .collect();
        self.condition_of("the same photo, disturbed", &faces)
    }

    /// The same pairs of photos at each size at which all of them are measured.
    fn sizes(&self, pairs: &[Pair]) -> Vec<Condition> {
        let scaled: Vec<(String, BTreeMap<usize, &Face>)> = SIZES
            .iter()
            .filter_map(|&size| {
                let (_, outcomes) = self.people.distorted.iter().find(|(d, _)| *d == size)?;
                let faces = outcomes.iter().filter_map(|(n, o)| Some((*n, o.as_ref().ok()?)));
                Some((format!("- the same, {}", size.name()), faces.collect()))
            })
            .collect();
        let everywhere = |n: &usize| scaled.iter().all(|(_, faces)| faces.contains_key(n));
        let common: Vec<Pair> =
            pairs.iter().copied().filter(|(a, b)| everywhere(a) && everywhere(b)).collect();
        let plain = |number: usize| self.people.outcomes[number].as_ref().ok();
        let whole = self.condition("- where all sizes are measured", &common, &plain);
        let smaller = scaled
            .iter()
            .map(|(name, faces)| self.condition(name, &common, &|n| faces.get(&n).copied()));
        std::iter::once(whole).chain(smaller).collect()
    }

    /// The condition of pairs whose faces `face` gives by number.
    fn condition<'f>(
        &self,
        name: &str,
        pairs: &[Pair],
        face: &dyn Fn(usize) -> Option<&'f Face>,
    ) -> Condition {
        let both = |&(a, b): &Pair| Some((self.individual(a), face(a)?, face(b)?));
        self.condition_of(name, &pairs.iter().filter_map(both).collect::<Vec<_>>())
    }

    fn individual(&self, number: usize) -> &str {
        &self.people.gallery.pictures[number].individual
    }

    /// The figures of a condition from pairs of faces that meet it, each with its
    /// individual: two faces share what is left of the variance when that of the error
    /// is taken off.
    fn condition_of(&self, name: &str, pairs: &[(&str, &Face, &Face)]) -> Condition {
        let spread = self.space.variances();
        let error = self.error(pairs);
        let common: Vec<f64> = spread.iter().zip(&error).map(|(r, e)| (r - e).max(0.0)).collect();
        let shares = spread.iter().zip(&common).map(|(all, common)| common / all);
        let sizes = pairs.iter().map(|(_, a, b)| a.quality.interocular.min(b.quality.interocular));
        let [same_top, shared_five] = steadiness(spread, &common, &error, self.dogs);
        Condition {
            name: name.to_owned(),
            pairs: pairs.len(),
            interocular: median(sizes.collect()),
            repeatability: shares.sum::<f64>() / spread.len() as f64,
            same_top,
            shared_five,
        }
    }

    /// Variance of the error along each direction: half the mean square of the
    /// difference within a pair, each individual counting once.
    fn error(&self, pairs: &[(&str, &Face, &Face)]) -> Vec<f64> {
        let place =
            |face: &Face| *self.space.embed(Species::Person, &face.measurement).coordinates();
        let directions = self.space.variances().len();
        let mut own: BTreeMap<&str, (Vec<f64>, f64)> = BTreeMap::new();
        for (individual, a, b) in pairs {
            let (a, b) = (place(a), place(b));
            let (sums, count) = own.entry(individual).or_insert((vec![0.0; directions], 0.0));
            for (direction, sum) in sums.iter_mut().enumerate() {
                *sum += f64::from(a[direction] - b[direction]).powi(2) / 2.0;
            }
            *count += 1.0;
        }
        let mean = |direction: usize| {
            let each = own.values().map(|(sums, count)| sums[direction] / count);
            each.sum::<f64>() / own.len().max(1) as f64
        };
        (0..directions).map(mean).collect()
    }
}
