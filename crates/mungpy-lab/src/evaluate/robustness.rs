//! How far the answer stays the same when a photo is changed.

use std::collections::HashMap;

use mungpy_core::{face::Species, resemblance::Space};
use serde::Serialize;

use crate::{
    distortion::Distortion,
    measuring::{Face, GalleryMeasurements, Outcome},
    methods::Method,
    metrics::{Ranking, share_of},
};

/// How far the answer stays the same under one distortion.
#[derive(Debug, Clone, Serialize)]
pub struct RobustnessFindings {
    /// Name of the distortion.
    pub distortion: String,
    /// Photos tried, and those that were still measured.
    pub photos: [usize; 2],
    /// Share with the same top dog.
    pub same_top: f64,
    /// Share whose first five have a dog in common.
    pub shared_five: f64,
}

/// The dogs of a photo before and after it was changed.
struct RankingPair {
    before: Ranking,
    after: Ranking,
}

/// For each distortion of [`Distortion::ALL`], by the product's method.
pub(super) fn robustness(
    space: &Space,
    people: &GalleryMeasurements,
    dogs: &[Vec<f64>],
) -> Vec<RobustnessFindings> {
    let ranking = |face: &Face| {
        Ranking::of(&Method::Space.vector(space, Species::Person, &face.measurement), dogs)
    };
    let mut unchanged: HashMap<usize, Ranking> = HashMap::new();
    let mut findings = Vec::new();
    for (distortion, outcomes) in &people.distorted {
        if !Distortion::ALL.contains(distortion) {
            continue;
        }
        let tried: Vec<(usize, &Face, &Outcome)> = outcomes
            .iter()
            .filter_map(|(n, changed)| Some((*n, people.outcomes[*n].as_ref().ok()?, changed)))
            .collect();
        let mut pair = |(number, plain, changed): &(usize, &Face, &Outcome)| {
            let after = ranking(changed.as_ref().ok()?);
            let before = unchanged.entry(*number).or_insert_with(|| ranking(plain)).clone();
            Some(RankingPair { before, after })
        };
        let pairs: Vec<RankingPair> = tried.iter().filter_map(&mut pair).collect();
        findings.push(findings_under(*distortion, tried.len(), &pairs));
    }
    findings
}

fn findings_under(
    distortion: Distortion,
    tried: usize,
    pairs: &[RankingPair],
) -> RobustnessFindings {
    RobustnessFindings {
        distortion: distortion.name(),
        photos: [tried, pairs.len()],
        same_top: share_of(pairs, |pair| pair.before.top() == pair.after.top()),
        shared_five: share_of(pairs, |pair| pair.before.shared(&pair.after, 5) > 0),
    }
}
