//! The search finds exactly what a brute-force search finds.

use std::collections::{BTreeMap, HashSet};

use mungpy_core::{
    face::{Measurement, ModelOrigin, Species},
    index::{Index, IndexDog, Query},
    resemblance::{
        Calibration, EMBEDDING_LEN, Embedding, PersonEstimator, Population, Space,
        assign_handicaps, explain, sample_faces,
    },
    temperament::{Answers, Policy, Questionnaire},
};
use proptest::prelude::*;

fn persons_at_large() -> Population {
    Population::shipped_person(ModelOrigin::default())
}

fn dog(number: usize, measurement: &Measurement, traits: &[(String, String)]) -> IndexDog {
    let traits: BTreeMap<String, String> = traits.iter().cloned().collect();
    IndexDog {
        dog_id: format!("dog-{number:05}"),
        image_id: format!("{number}.jpg"),
        profile: Questionnaire::default().profile(&traits),
        measurement: *measurement,
    }
}

/// Each axis shows one side, the other, or is unknown.
fn traits() -> impl Strategy<Value = Vec<(String, String)>> {
    let axes = Questionnaire::default().axes().to_vec();
    proptest::collection::vec(0..3_usize, axes.len()).prop_map(move |sides| {
        let known = axes.iter().zip(sides).filter(|(_, side)| *side < 2);
        known.map(|(axis, side)| (axis.key.clone(), axis.sides[side].key.clone())).collect()
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    prop_oneof![(0..7_u32).prop_map(Policy::AtLeast), (1..200_u32).prop_map(Policy::Best)]
}

/// Id and squared distance of the nearest dogs, found by comparing with every dog.
fn brute_force(index: &Index, dogs: &[IndexDog], query: &Query<'_>) -> Vec<(String, f64)> {
    let person = index.space().embed(Species::Person, query.person);
    let embed = |dog: &IndexDog| index.space().embed(Species::Dog, &dog.measurement);
    let mut places: Vec<Embedding> = dogs.iter().map(embed).collect();
    assign_handicaps(index.space(), &mut places);
    let allowed: Vec<(usize, u32)> = dogs
        .iter()
        .enumerate()
        .filter(|(_, dog)| !query.excluded.contains(&dog.dog_id))
        .filter(|(_, dog)| {
            query
                .allowed
                .is_none_or(|numbers| numbers.iter().any(|&n| index.dog_id(n) == dog.dog_id))
        })
        .filter_map(|(number, dog)| Some((number, query.answers.agreement(&dog.profile)?.agreed)))
        .collect();
    let threshold = match query.policy {
        _ if query.answers.is_empty() => 0,
        Policy::AtLeast(n) => n,
        Policy::Best(n) => {
            let mut agreed: Vec<u32> = allowed.iter().map(|(_, agreed)| *agreed).collect();
            agreed.sort_unstable_by(|a, b| b.cmp(a));
            agreed.get(n as usize - 1).copied().unwrap_or(0)
        }
    };
    let mut all: Vec<(String, f64)> = allowed
        .iter()
        .filter(|(_, agreed)| *agreed >= threshold)
        .map(|&(number, _)| (dogs[number].dog_id.clone(), person.distance_squared(&places[number])))
        .collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    all.truncate(query.top);
    all
}

/// Id and squared distance of the dogs that the search finds.
fn found(index: &Index, query: &Query<'_>) -> Vec<(String, f64)> {
    let hits = index.search(query).hits;
    hits.iter().map(|hit| (index.dog_id(hit.dog).to_owned(), hit.distance_squared)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn two_stages_find_what_brute_force_finds(
        count in 1..2000_usize,
        twins in 1..4_usize,
        few_profiles in any::<bool>(),
        all_traits in proptest::collection::vec(traits(), 30),
        answered in traits(),
        required in any::<bool>(),
        policy in policy(),
        top in 1..25_usize,
        person in 0..40_usize,
        excluded in proptest::collection::hash_set(0..2000_usize, 0..30),
        allowed in proptest::option::of(proptest::collection::btree_set(0..2000_u32, 0..40)),
    ) {
        let measurements = sample_faces(&Population::shipped_dog(), count);
        // Twins have equal measurements, so their ids must decide the order.
        let dogs: Vec<IndexDog> = (0..count)
            .map(|i| {
                let profile = if few_profiles { i % 2 } else { i % all_traits.len() };
                dog(i, &measurements[i / twins], &all_traits[profile])
            })
            .collect();
        let index = Index::build(dogs.clone(), &persons_at_large());
        let person = sample_faces(&persons_at_large(), 40)[person];
        let given = answered.iter().enumerate();
        let given = given.map(|(i, (a, s))| (a.as_str(), s.as_str(), required && i == 0));
        let answers: Answers = Questionnaire::default().answers(given).unwrap();
        let excluded: HashSet<String> = excluded.iter().map(|i| format!("dog-{i:05}")).collect();
        let allowed: Option<Vec<u32>> =
            allowed.map(|numbers| numbers.into_iter().filter(|&n| (n as usize) < count).collect());
        let query = Query {
            person: &person,
            answers: &answers,
            policy,
            top,
            excluded: &excluded,
            allowed: allowed.as_deref(),
        };
        prop_assert_eq!(found(&index, &query), brute_force(&index, &dogs, &query));
    }
}

/// Models a source that shows the same placeholder for every dog without a photo.
#[test]
fn thousands_of_equal_dogs_are_found_in_the_order_of_their_ids() {
    let measurements = sample_faces(&Population::shipped_dog(), 2);
    let dogs: Vec<IndexDog> =
        (0..3000).rev().map(|i| dog(i, &measurements[usize::from(i == 7)], &[])).collect();
    let index = Index::build(dogs.clone(), &persons_at_large());
    let person = sample_faces(&persons_at_large(), 1)[0];
    let (answers, excluded) = (Answers::default(), HashSet::from(["dog-00001".to_owned()]));
    let policy = Policy::AtLeast(0);
    let query = Query {
        person: &person,
        answers: &answers,
        policy,
        top: 20,
        excluded: &excluded,
        allowed: None,
    };
    assert_eq!(found(&index, &query), brute_force(&index, &dogs, &query));
}

#[test]
fn scores_fall_with_distance_and_are_a_percentile() {
    let dogs = sample_faces(&Population::shipped_dog(), 400);
    let space = Space::for_catalogue(&persons_at_large(), &dogs);
    let embeddings: Vec<_> = dogs.iter().map(|dog| space.embed(Species::Dog, dog)).collect();
    let calibration = Calibration::new(&space, &embeddings);
    let distances = (0..2000).map(|i| f64::from(i) * 0.05);
    let scores: Vec<f64> = distances.map(|d| calibration.score(d)).collect();
    assert!(scores.windows(2).all(|pair| pair[0] >= pair[1]), "scores fall");
    assert!(scores.iter().all(|score| (0.0..=100.0).contains(score)));
    // A random pair scores 50 on average.
    let persons = sample_faces(&persons_at_large(), 100);
    let mut sum = 0.0;
    for person in &persons {
        let person = space.embed(Species::Person, person);
        sum += embeddings
            .iter()
            .map(|dog| calibration.score(person.distance_squared(dog)))
            .sum::<f64>();
    }
    let mean = sum / (persons.len() * embeddings.len()) as f64;
    assert!((mean - 50.0).abs() < 5.0, "{mean}");
}

#[test]
fn a_counterpart_is_more_like_its_person_than_any_dog() {
    let dogs = sample_faces(&Population::shipped_dog(), 500);
    let space = Space::for_catalogue(&persons_at_large(), &dogs);
    for person in sample_faces(&persons_at_large(), 20) {
        let own = space.embed(Species::Person, &person);
        let distance = |dog: &Measurement| own.distance_squared(&space.embed(Species::Dog, dog));
        let twin = distance(&space.counterpart(&person).unwrap());
        assert!(dogs.iter().all(|dog| distance(dog) > twin), "{twin}");
    }
}

#[test]
fn an_explanation_names_what_both_have_in_common() {
    let dogs = sample_faces(&Population::shipped_dog(), 300);
    let space = Space::for_catalogue(&persons_at_large(), &dogs);
    let person = sample_faces(&persons_at_large(), 1)[0];
    let persons = space.sigmas(Species::Person, &person);
    for dog in &dogs[..20] {
        let named = explain(&space, &persons, &space.sigmas(Species::Dog, dog));
        assert_eq!(named.len(), 3);
        for agreement in named {
            let position = mungpy_core::face::Ratio::ALL
                .iter()
                .position(|&ratio| ratio == agreement.ratio)
                .unwrap();
            assert!((agreement.person_sigma - persons[position]).abs() < 1e-12);
        }
    }
}

/// Standard deviation of faces along each direction of a space.
fn spread(space: &Space, species: Species, faces: &[Measurement]) -> Vec<f64> {
    let places: Vec<Embedding> = faces.iter().map(|face| space.embed(species, face)).collect();
    let n = places.len() as f64;
    let along = |i: usize| {
        let along: Vec<f64> =
            places.iter().map(|place| f64::from(place.coordinates()[i])).collect();
        let mean = along.iter().sum::<f64>() / n;
        (along.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / n).sqrt()
    };
    // The last coordinate is the handicap, which only an index assigns.
    (0..EMBEDDING_LEN - 1).map(along).collect()
}

#[test]
fn the_spread_of_both_species_is_the_same_in_the_common_space() {
    let dogs = sample_faces(&Population::shipped_dog(), 3000);
    for (kind, persons) in [
        ("estimated", PersonEstimator::shipped().population),
        ("measured", Population::shipped_person(ModelOrigin::Own)),
        ("measured by dlib", Population::shipped_person(ModelOrigin::Dlib)),
    ] {
        let people = sample_faces(&persons, 3000);
        let space = Space::for_catalogue(&persons, &dogs);
        let dogs = spread(&space, Species::Dog, &dogs);
        let people = spread(&space, Species::Person, &people);
        for (i, (dog, person)) in dogs.iter().zip(people).enumerate() {
            let ratio = dog / person;
            assert!((0.5..2.0).contains(&ratio), "{kind}, dimension {i}: {dog} and {person}");
        }
    }
}
