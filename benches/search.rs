//! The search over catalogues of drawn dogs, beside brute force.

use std::{
    collections::{BTreeMap, HashSet},
    hint::black_box,
    time::Duration,
};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use mungpy::{
    face::{Landmarks, Measurement, Species},
    index::{Index, IndexDog, Query},
    resemblance::{Embedding, Population, draw},
    temperament::{Answers, Policy, Questionnaire},
};

/// Dogs with the proportions of the shipped population and evenly mixed traits
/// on three axes: a filter by one of them leaves half.
fn dogs(count: usize) -> Vec<IndexDog> {
    let questionnaire = Questionnaire::default();
    let axes = &questionnaire.axes()[..3];
    draw(&Population::shipped_dog(), count)
        .into_iter()
        .enumerate()
        .map(|(number, measurement)| {
            let side = |bit: usize| (number >> bit) & 1;
            let traits: BTreeMap<String, String> = axes
                .iter()
                .enumerate()
                .map(|(bit, axis)| (axis.key.clone(), axis.sides[side(bit)].key.clone()))
                .collect();
            IndexDog {
                dog_id: format!("{number:07}"),
                image_id: String::new(),
                photo_location: String::new(),
                landmarks: Landmarks([[0.0; 2]; 16]),
                profile: questionnaire.profile(&traits),
                measurement,
            }
        })
        .collect()
}

fn brute_force(person: &Embedding, dogs: &[Embedding]) -> Vec<(usize, f64)> {
    let distances = dogs.iter().map(|dog| person.distance_squared(dog));
    let mut all: Vec<(usize, f64)> = distances.enumerate().collect();
    all.select_nth_unstable_by(10, |a, b| a.1.total_cmp(&b.1));
    all.truncate(10);
    all
}

fn search(criterion: &mut Criterion) {
    let persons: Vec<Measurement> = draw(&Population::shipped_person(), 64);
    let none = HashSet::new();
    let questionnaire = Questionnaire::default();
    let unfiltered = Answers::default();
    let half = questionnaire.answers([("sociability", "shy", true)]).unwrap();
    for count in [1_500, 15_000, 100_000] {
        let dogs = dogs(count);
        let mut group = criterion.benchmark_group(format!("{count} dogs"));
        group.sample_size(10).measurement_time(Duration::from_secs(3));
        group.bench_function("build", |b| {
            b.iter_batched(|| dogs.clone(), Index::build, criterion::BatchSize::LargeInput);
        });
        let index = Index::build(dogs);
        for (name, answers) in [("all", &unfiltered), ("half", &half)] {
            let mut next = persons.iter().cycle();
            group.bench_function(BenchmarkId::new("top 10 of", name), |b| {
                b.iter(|| {
                    let person = next.next().unwrap();
                    let policy = Policy::AtLeast(0);
                    let query = Query { person, answers, policy, top: 10, excluded: &none };
                    black_box(index.search(&query))
                });
            });
        }
        let embed = |species, measurement| index.space().embed(species, measurement);
        let embedded: Vec<Embedding> = (0..count as u32).map(|dog| *index.embedding(dog)).collect();
        let mut next = persons.iter().cycle();
        group.bench_function("brute force", |b| {
            b.iter(|| brute_force(&embed(Species::Person, next.next().unwrap()), &embedded));
        });
        group.finish();
    }
}

criterion_group!(benches, search);
criterion_main!(benches);
