//! Memory that a peak took goes back to the system.

use std::{
    env, fs,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use mungpy::{
    extract::Extractor,
    photo::Photo,
    vision::{Models, prepare_process},
};
use mungpy_core::face::Species;

use super::{budget::status_kb, png};

const CHILD: &str = "photos::heap::child";
const IS_CHILD: &str = "MUNGPY_TORTURE_HEAP";
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
#[ignore = "long; make torture runs it"]
fn memory_of_a_peak_goes_back_to_the_system_within_a_minute() {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args([CHILD, "--exact", "--include-ignored", "--nocapture"]).env(IS_CHILD, "1");
    let status = child.status().unwrap();
    assert!(status.success());
}

#[test]
#[ignore = "another test starts it in a process of its own"]
fn child() {
    if env::var_os(IS_CHILD).is_none() {
        return;
    }
    prepare_process();
    let root = env!("CARGO_MANIFEST_DIR");
    let models = Models::new(&[format!("{root}/landmark-models").into()]);
    let extractor = Extractor::load(Species::Person, &models).unwrap();
    let photo = fs::read(format!("{root}/tests/data/persons/wide-set-eyes.jpg")).unwrap();
    // As a server after its first requests.
    let mut workers: Vec<_> = (0..2).map(|_| extractor.try_clone().unwrap()).collect();
    for worker in &mut workers {
        worker.extract(&photo).unwrap();
    }
    let idle = status_kb("VmRSS");
    let large = png::largest();
    thread::scope(|scope| {
        for worker in &mut workers {
            scope.spawn(|| {
                for _ in 0..3 {
                    drop(Photo::decode(&large).unwrap());
                    worker.extract(&photo).unwrap();
                }
            });
        }
    });
    let (after, start) = (status_kb("VmRSS"), Instant::now());
    loop {
        let now = status_kb("VmRSS");
        if 10 * now < 13 * idle {
            println!(
                "{idle} kB idle, {after} kB after the load, {now} kB {:?} later",
                start.elapsed()
            );
            break;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{idle} kB idle, {after} kB after the load, now {now} kB"
        );
        thread::sleep(Duration::from_millis(500));
    }
}
