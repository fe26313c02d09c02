//! How well the resemblance holds: measured on photos of people and dogs.
//!
//! [`evaluate`] counts over measured photos and gathers [`Findings`]. [`twins::plant`]
//! makes photos of its own: dogs with a person's proportions.

mod bound;
mod collections;
mod conditions;
mod findings;
mod robustness;
mod same_dog;
pub mod twins;

use mungpy_core::{
    face::{Measurement, Ratio, Species},
    resemblance::{Population, Space, ratio_repeatabilities},
};

pub use bound::Bound;
pub use collections::{ClusterFindings, CollectionFindings, collection};
pub use conditions::{Condition, distortions};
pub use findings::{Findings, MethodFindings};
pub use robustness::RobustnessFindings;
pub use twins::Twins;

use crate::{
    fairness::Fairness,
    measuring::GalleryMeasurements,
    methods::{self, Method},
    metrics::{IndividualRankings, Ranking},
    sameness::Sameness,
};

/// Photos that are averaged on each side at most.
const AVERAGED: usize = 3;

/// The common space of persons of a population and the first measured photo of
/// each dog.
pub fn space_of(persons: &Population, dogs: &GalleryMeasurements) -> Space {
    Space::for_catalogue(persons, &dogs.first_measurements())
}

/// Everything that is found about persons and dogs.
pub fn evaluate(
    space: &Space,
    people: &GalleryMeasurements,
    dogs: &GalleryMeasurements,
    twins: Twins,
    collections: Vec<CollectionFindings>,
) -> Findings {
    let catalogue = dogs.first_measurements();
    let counts = |m: &GalleryMeasurements| [m.outcomes.len(), m.outcomes.iter().flatten().count()];
    let of_method = |method| findings_of(method, space, people, dogs, &catalogue);
    let places = Method::Space.catalogue(space, &catalogue);
    Findings {
        model_versions: [people.version.clone(), dogs.version.clone()],
        person_photos: counts(people),
        dog_photos: counts(dogs),
        catalogue: catalogue.len(),
        refusals: [people.refusals(), dogs.refusals()],
        repeatability: repeatability(people, dogs),
        methods: Method::ALL.map(of_method).to_vec(),
        robustness: robustness::robustness(space, people, &places),
        bounds: bound::bounds(space.variances(), space.repeatability(), catalogue.len()),
        conditions: conditions::conditions(space, people, catalogue.len()),
        sampled: Fairness::to_sampled_persons(space, &places),
        twins,
        collections,
    }
}

/// For each ratio: key, and ICC(1,1) of single photos of persons and of dogs.
fn repeatability(
    people: &GalleryMeasurements,
    dogs: &GalleryMeasurements,
) -> Vec<(String, Option<f64>, Option<f64>)> {
    let [people, dogs] = [people, dogs].map(|m| ratio_repeatabilities(&m.individuals(), 1));
    let keys = Ratio::ALL.iter().map(|ratio| ratio.key().to_owned());
    keys.zip(people.into_iter().zip(dogs)).map(|(key, (person, dog))| (key, person, dog)).collect()
}

fn findings_of(
    method: Method,
    space: &Space,
    people: &GalleryMeasurements,
    dogs: &GalleryMeasurements,
    catalogue: &[Measurement],
) -> MethodFindings {
    let vectors = method.catalogue(space, catalogue);
    let individuals = people.individuals();
    let person = |face: &Measurement| method.vector(space, Species::Person, face);
    let rankings = |photos: usize| methods::rankings(&individuals, photos, person, &vectors);
    let single = rankings(1);
    MethodFindings {
        method: method.name().to_owned(),
        one_photo: Sameness::of(&single),
        three_photos: Sameness::of(&rankings(AVERAGED)),
        same_dog: same_dog::same_dog(method, space, dogs),
        fairness: Fairness::of(&first_rankings(&single), vectors.len()),
    }
}

/// One ranking for each individual: of its first recording.
pub(crate) fn first_rankings(individuals: &[IndividualRankings]) -> Vec<Ranking> {
    individuals.iter().filter_map(|own| own.0.first().cloned()).collect()
}
