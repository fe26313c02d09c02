//! What an evaluation found, ready for table, page and JSON.

use std::collections::BTreeMap;

use serde::Serialize;

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
    /// What single distortions change, by the product's method.
    pub robustness: Vec<RobustnessFindings>,
    /// What the repeatability of the measurements allows at most.
    pub bounds: Vec<Bound>,
    /// How that moves with what differs between two photos.
    pub conditions: Vec<Condition>,
    /// How evenly the dogs are spread over persons drawn with the spread of persons.
    pub drawn: Fairness,
    /// How often a dog made to be a person's twin is found.
    pub twins: Twins,
}

/// How steady the answer can be at most.
#[derive(Debug, Clone, Serialize)]
pub struct Bound {
    /// Photos averaged on each side.
    pub photos: usize,
    /// Share of pairs with the same top dog.
    pub same_top: f64,
    /// Share of pairs whose first five have a dog in common.
    pub shared_five: f64,
}

/// What differs between two photos of a person, and how steady the answer can be.
#[derive(Debug, Clone, Serialize)]
pub struct Condition {
    /// What differs.
    pub name: String,
    /// Pairs of photos that the error was measured on.
    pub pairs: usize,
    /// Median of the shorter interocular distance of a pair, in pixels.
    pub interocular: f64,
    /// Mean over the directions: share of the variance that two photos have in common.
    pub repeatability: f64,
    /// Share of drawn persons with the same top dog in both photos.
    pub same_top: f64,
    /// Share of drawn persons whose first five have a dog in common.
    pub shared_five: f64,
}

/// What became of planted twins.
#[derive(Debug, Clone, Serialize)]
pub struct Twins {
    /// Persons for whom a twin was to be made.
    pub persons: usize,
    /// Twins that were made: some proportions no dog's photo can be warped to.
    pub made: usize,
    /// Twins that were measured well enough to be enrolled.
    pub measured: usize,
    /// Share of these that are their person's top dog.
    pub top: f64,
    /// Share of these among their person's first five.
    pub five: f64,
    /// Share that would be their person's top dog if the landmarks were found
    /// without error.
    pub exact_top: f64,
}

/// What was found for one method. Shares are between 0 and 1.
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
    /// How evenly the dogs are spread over persons.
    pub fairness: Fairness,
}

/// How far two photos of one person give the same dogs.
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
    /// Median place of the one photo's top dog in the other's list; 1 is first.
    pub median_rank: f64,
}

/// How evenly dogs are answered; beside each figure that of random choice.
#[derive(Debug, Clone, Serialize)]
pub struct Fairness {
    /// Share of persons who get the most frequent dog.
    pub most_frequent: [f64; 2],
    /// Skewness of the 1-occurrence.
    pub skewness_1: [f64; 2],
    /// Skewness of the 10-occurrence.
    pub skewness_10: [f64; 2],
    /// Share of dogs that are in nobody's first ten.
    pub never: [f64; 2],
}

/// What one distortion changes.
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
