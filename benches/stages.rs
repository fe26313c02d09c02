//! Each stage that a person's photo passes through, for a 12-megapixel phone photo and a 640 px web
//! picture. Both are made from a composite, so the benchmark runs anywhere.

use std::{fs, hint::black_box, path::Path};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use mungpy::{
    extract::Extractor,
    photo::{Photo, Raster},
    vision::{
        CHIP_SIDE, Detector, LandmarkNetwork, Models, Predictor, Role, SquareBox, prepare_process,
    },
};
use mungpy_core::face::{self, ModelOrigin, Species};

fn composite() -> Raster {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/persons/wide-set-eyes.jpg");
    Photo::decode(&fs::read(path).unwrap()).unwrap().raster
}

/// The composite as a square JPEG with this side.
fn jpeg(side: usize) -> Vec<u8> {
    composite().resized(side).unwrap().encode_jpeg(95).unwrap()
}

fn stages(criterion: &mut Criterion) {
    prepare_process();
    let models = Models::new(&[]);
    let mut extractor = Extractor::load(Species::Person, &models).unwrap();
    let mut group = criterion.benchmark_group("photo");
    group.sample_size(20);
    for (name, side) in [("12 megapixels", 3464), ("640 px", 640)] {
        let jpeg = jpeg(side);
        group.bench_function(BenchmarkId::new("decode", name), |b| {
            b.iter(|| Photo::decode(black_box(&jpeg)).unwrap());
        });
        group.bench_function(BenchmarkId::new("whole way", name), |b| {
            b.iter(|| extractor.extract(black_box(&jpeg)).unwrap());
        });
    }
    group.finish();

    let raster = composite();
    let mut detector = Detector::hog(&models.verified(Role::PersonDetector).unwrap()).unwrap();
    let mut group = criterion.benchmark_group("detect");
    group.sample_size(20);
    for side in [320, 480, 640, 960] {
        let scaled = raster.resized(side).unwrap();
        group.bench_function(BenchmarkId::new("hog", side), |b| {
            b.iter(|| detector.detect(black_box(&scaled)).unwrap());
        });
    }
    group.finish();

    let mut network =
        LandmarkNetwork::new(&models.verified(Role::PersonLandmarks).unwrap()).unwrap();
    let chip = raster.resized(CHIP_SIDE).unwrap();
    criterion.bench_function("landmarks/own, 1 chip", |b| {
        b.iter(|| network.predict(black_box(&[&chip])));
    });
    let trees =
        models.with_person_landmarks(ModelOrigin::Dlib).verified(Role::PersonLandmarks).unwrap();
    let predictor = Predictor::new(&trees, 68).unwrap();
    let chip = raster.resized(600).unwrap();
    let mut group = criterion.benchmark_group("landmarks");
    for boxes in [1, 9] {
        let boxes = vec![SquareBox { left: 150.0, top: 150.0, side: 300.0 }; boxes];
        group.bench_function(BenchmarkId::new("dlib, boxes", boxes.len()), |b| {
            b.iter(|| predictor.predict(black_box(&chip), &boxes).unwrap());
        });
    }
    group.finish();

    let landmarks = extractor.extract(&jpeg(640)).unwrap().landmarks;
    criterion.bench_function("measure", |b| {
        b.iter(|| face::measure(black_box(&landmarks), Species::Person).unwrap());
    });
}

criterion_group!(benches, stages);
criterion_main!(benches);
