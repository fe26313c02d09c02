//! The findings of an evaluation, ready for table, page and JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Bound, CollectionFindings, Condition, RobustnessFindings, Twins};
use crate::{fairness::Fairness, sameness::Sameness};

/// Everything that was found.
#[derive(Debug, Clone, Serialize)]
pub struct Findings {
    /// Version of the models that measured persons, and dogs.
    pub model_versions: [String; 2],
    /// Photos of persons that were given and that were measured.
    pub person_photos: [usize; 2],
    /// Photos of dogs that were given and that were measured.
    pub dog_photos: [usize; 2],
    /// Dogs that can be found: each has one photo in the catalogue.
    pub catalogue: usize,
    /// Refusals of photos of persons, and of dogs, by reason code.
    pub refusals: [BTreeMap<String, usize>; 2],
    /// For each ratio: key, ICC(1,1) for persons, for dogs (null: no repetition).
    pub repeatability: Vec<(String, Option<f64>, Option<f64>)>,
    /// The methods, baselines first.
    pub methods: Vec<MethodFindings>,
    /// How far single distortions change the answer of the product's method.
    pub robustness: Vec<RobustnessFindings>,
    /// How steady the answer can be at most, given the repeatability.
    pub bounds: Vec<Bound>,
    /// How that moves with what differs between two photos.
    pub conditions: Vec<Condition>,
    /// How evenly the dogs are answered to persons sampled with the spread of persons.
    pub sampled: Fairness,
    /// How often a dog made to be a person's twin is found.
    pub twins: Twins,
    /// Collections of people side by side.
    pub collections: Vec<CollectionFindings>,
}

/// The findings of one method. Shares are between 0 and 1.
#[derive(Debug, Clone, Serialize)]
pub struct MethodFindings {
    /// Name of the method.
    pub method: String,
    /// Pairs of photos of one person from different recordings.
    pub one_photo: Sameness,
    /// The same with up to three photos of each recording averaged.
    pub three_photos: Sameness,
    /// Share of dog photos whose nearest other photo shows the same dog, and of
    /// those with one among the nearest five.
    pub same_dog: [f64; 2],
    /// How evenly the dogs are answered to persons.
    pub fairness: Fairness,
}
