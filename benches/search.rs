//! The search compared with brute force, over catalogues of sampled dogs: build time, memory, and
//! the ten nearest dogs among all, a tenth and a hundredth of them.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    hint::black_box,
    time::Duration,
};

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use mungpy_core::{
    face::{Measurement, ModelOrigin, Species},
    index::{Index, IndexDog, Query},
    resemblance::{Embedding, Population, Space, assign_handicaps, sample_faces},
    temperament::{Answers, Policy, Questionnaire},
};

const SIZES: [usize; 4] = [1_500, 15_000, 100_000, 1_000_000];

/// Dogs with the proportions of the shipped population. A tenth is shy, a hundredth is also
/// sensitive, and half is curious.
fn dogs(count: usize) -> Vec<IndexDog> {
    let questionnaire = Questionnaire::default();
    let traits = |number: usize| -> BTreeMap<String, String> {
        let shown = [!number.is_multiple_of(10), !number.is_multiple_of(100), number % 2 == 1];
        let axes = questionnaire.axes().iter().zip(shown);
        axes.map(|(axis, side)| (axis.key.clone(), axis.sides[usize::from(side)].key.clone()))
            .collect()
    };
    sample_faces(&Population::shipped_dog(), count)
        .into_iter()
        .enumerate()
        .map(|(number, measurement)| IndexDog {
            dog_id: format!("{number:07}"),
            image_id: format!("{number:07}.jpg"),
            profile: questionnaire.profile(&traits(number)),
            measurement,
        })
        .collect()
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

fn brute_force(person: &Embedding, dogs: &[Embedding]) -> Vec<(usize, f64)> {
    let distances = dogs.iter().map(|dog| person.distance_squared(dog));
    let mut all: Vec<(usize, f64)> = distances.enumerate().collect();
    all.select_nth_unstable_by(10, |a, b| a.1.total_cmp(&b.1));
    all.truncate(10);
    all
}

/// Answers that leave a share of the dogs.
fn filters() -> [(&'static str, Answers); 3] {
    let questionnaire = Questionnaire::default();
    let shows = |count: usize| {
        let axes = questionnaire.axes()[..count].iter();
        let sides = axes.map(|axis| (axis.key.as_str(), axis.sides[0].key.as_str(), true));
        questionnaire.answers(sides).unwrap()
    };
    [("100 %", shows(0)), ("10 %", shows(1)), ("1 %", shows(2))]
}

fn search(criterion: &mut Criterion) {
    let population = Population::shipped_person(ModelOrigin::default());
    let persons: Vec<Measurement> = sample_faces(&population, 64);
    let none = HashSet::new();
    for count in SIZES {
        let dogs = dogs(count);
        let measurements: Vec<Measurement> = dogs.iter().map(|dog| dog.measurement).collect();
        let space = Space::for_catalogue(&population, &measurements);
        let mut places: Vec<Embedding> =
            measurements.iter().map(|dog| space.embed(Species::Dog, dog)).collect();
        assign_handicaps(&space, &mut places);
        let mut group = criterion.benchmark_group(format!("{count} dogs"));
        group.sample_size(10).measurement_time(Duration::from_secs(3));
        if count <= 100_000 {
            group.bench_function("build", |b| {
                b.iter_batched(
                    || dogs.clone(),
                    |dogs| Index::build(dogs, &population),
                    BatchSize::PerIteration,
                );
            });
        }
        let index = Index::build(dogs, &population);
        for (name, answers) in &filters() {
            let mut next = persons.iter().cycle();
            group.bench_function(BenchmarkId::new("top 10 of", name), |b| {
                b.iter(|| {
                    let person = next.next().unwrap();
                    let policy = Policy::AtLeast(0);
                    let query =
                        Query { person, answers, policy, top: 10, excluded: &none, allowed: None };
                    black_box(index.search(&query))
                });
            });
        }
        let mut next = persons.iter().cycle();
        group.bench_function("brute force", |b| {
            b.iter(|| {
                let person = space.embed(Species::Person, next.next().unwrap());
                black_box(brute_force(&person, &places))
            });
        });
        group.finish();
        let before = resident();
        drop(index);
        // After a small index the allocator keeps more memory than it returns.
        if count == SIZES[SIZES.len() - 1] {
            println!("{count} dogs: {} bytes of memory a dog", (before - resident()) / count);
        }
    }
}

criterion_group!(benches, search);
criterion_main!(benches);
