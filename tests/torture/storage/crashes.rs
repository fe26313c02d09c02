//! Batches that are killed, or whose disk fails, at each thing that they write.
//!
//! `faults.c` is preloaded into the batch and counts its calls. What a batch has published or
//! committed must survive each of them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use chrono::DateTime;
use mungpy::catalogue::{Catalogue, DogRecord};

use super::{Ended, Place, TIDY, is_told_once, names_in, run};

/// The compiled shim. Several tests may compile it at once, and each finds a whole one.
pub(crate) static FAULTS: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let built = folder.path().join("faults.so");
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture/storage/faults.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&built);
    assert!(compiler.arg(source).arg("-ldl").status().unwrap().success());
    fs::rename(built, &library).unwrap();
    library
});

/// What the shim does at the chosen call.
#[derive(Clone, Copy)]
enum Fault {
    Kill,
    /// An error number, for as many calls.
    Error(i32, usize),
}

const NO_SPACE: i32 = 28;
const IO: i32 = 5;

/// A data directory with two dogs, and a third in the source, so that a batch reads a store, writes
/// a snapshot of it, commits a dog and publishes.
struct Scene {
    place: Place,
    before: Catalogue,
    /// What an undisturbed batch publishes.
    after: Catalogue,
    /// The calls of an undisturbed batch.
    calls: usize,
}

impl Scene {
    fn new() -> Self {
        let place = Place::with(&["long-nose.jpg", "short-nose.jpg"]);
        run(&mut place.batch()).report();
        let before = place.read();
        fs::rename(place.data(), place.root().join("kept")).unwrap();
        place.add("wide-eyes.jpg");
        let mut scene = Self { place, after: before.clone(), before, calls: 0 };
        scene.restore();
        scene.disturbed(0, Fault::Kill).report();
        scene.after = scene.place.read();
        scene.calls = fs::read_to_string(scene.log()).unwrap().lines().count();
        assert!(scene.calls > 10, "{} calls were counted", scene.calls);
        scene
    }

    fn log(&self) -> PathBuf {
        self.place.root().join("calls")
    }

    /// Puts the data directory back to where it was.
    fn restore(&self) {
        let _ = fs::remove_dir_all(self.place.data());
        let _ = fs::remove_file(self.log());
        let mut copy = Command::new("cp");
        copy.arg("-r").arg(self.place.root().join("kept")).arg(self.place.data());
        assert!(copy.status().unwrap().success());
    }

    /// A batch with a fault at its `at`-th call; 0 only counts.
    fn disturbed(&self, at: usize, fault: Fault) -> Ended {
        let mut batch = self.place.batch();
        let data = self.place.data().canonicalize().unwrap();
        batch.env("LD_PRELOAD", &*FAULTS).env("FAULTS_DIR", data).env("FAULTS_LOG", self.log());
        batch.env("FAULTS_AT", at.to_string());
        match fault {
            Fault::Kill => batch.env("FAULTS_DO", "kill"),
            Fault::Error(number, calls) => {
                batch.env("FAULTS_DO", number.to_string()).env("FAULTS_FOR", calls.to_string())
            }
        };
        run(&mut batch)
    }

    /// Disturbs a batch and checks that the next one makes it good. `why` says what happened.
    fn survives(&self, at: usize, fault: Fault) {
        self.restore();
        let ended = self.disturbed(at, fault);
        let calls = fs::read_to_string(self.log()).unwrap_or_default();
        // sled flushes by the clock as well, so the number of calls varies a little.
        let Some(call) = calls.lines().nth(at - 1) else { return };
        let why = format!("call {at} ({call}): {}", ended.err);
        match fault {
            Fault::Kill => assert_eq!(ended.code, None, "{why}"),
            Fault::Error(..) => has_reason(&ended, &why),
        }
        let between = Catalogue::read(&self.place.catalogue());
        let between = between.unwrap_or_else(|error| panic!("{error} after {why}"));
        assert!(between == self.before || is_same(&between, &self.after), "{why}");
        let again = run(&mut self.place.batch());
        let report = again.report();
        let now = self.place.read();
        assert!(is_same(&now, &self.after), "{why}");
        assert!(now.version >= between.version && now.version > self.before.version, "{why}");
        assert!(report["enrolled"].as_u64().unwrap() <= 1, "committed dogs were measured: {why}");
        assert!(between == self.before || report["enrolled"] == 0, "{why}");
        let mut names = self.place.names();
        names.retain(|name| name != "catalogues");
        assert_eq!(names, TIDY, "{why}");
        is_told_once(&self.place.data(), &why);
        let stray = |name: &String| name.ends_with(".generating") || name.starts_with("unused-");
        assert!(!names_in(&self.place.data().join("store")).iter().any(stray), "{why}");
    }
}

/// A fault of the disk ends the batch with a reason, unless it hit what the batch can do without.
fn has_reason(ended: &Ended, why: &str) {
    let reasons = ["[DISK_FULL]", "[DATA_DIR_UNUSABLE]", "[STORE_FAILED]"];
    match ended.code {
        Some(0) => {}
        Some(1) => assert!(reasons.iter().any(|reason| ended.err.contains(reason)), "{why}"),
        code => panic!("ended with {code:?}: {why}"),
    }
}

/// Whether two catalogues hold the same dogs with the same measurements, whenever they were made.
fn is_same(one: &Catalogue, other: &Catalogue) -> bool {
    let timeless = |dog: &DogRecord| DogRecord { enrolled_at: DateTime::default(), ..dog.clone() };
    one.dogs.iter().map(timeless).eq(other.dogs.iter().map(timeless))
}

#[test]
fn a_batch_survives_kills_and_a_full_disk_at_some_calls() {
    let scene = Scene::new();
    // The first write of a snapshot, a commit of the store, and the catalogue's.
    scene.survives(4, Fault::Kill);
    scene.survives(scene.calls / 2, Fault::Error(NO_SPACE, 1_000_000));
    scene.survives(scene.calls - 3, Fault::Kill);
}

#[test]
#[ignore = "long; make torture runs it"]
fn a_batch_survives_a_kill_at_every_call() {
    let scene = Scene::new();
    for at in 1..=scene.calls {
        scene.survives(at, Fault::Kill);
    }
}

#[test]
#[ignore = "long; make torture runs it"]
fn a_batch_survives_a_failing_disk_at_every_call() {
    let scene = Scene::new();
    for at in 1..=scene.calls {
        for fault in
            [Fault::Error(NO_SPACE, 1_000_000), Fault::Error(NO_SPACE, 1), Fault::Error(IO, 1)]
        {
            scene.survives(at, fault);
        }
    }
}
