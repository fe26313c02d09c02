//! Disks that are full. The old catalogue stays, the run says why, and once there is space again the
//! next run makes good what was missed.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{LIST, Night, Timeless, days::Shelter, seed};
use crate::storage::{Ended, FAULTS, run};

const NO_SPACE: &str = "28";

/// A shelter after its first night, in a data directory that fills up and in one that does not.
struct Cramped {
    night: Night,
    seed: u64,
    random: ChaCha8Rng,
    before: Vec<u8>,
    expected: Timeless,
}

impl Cramped {
    /// The data directory `kept` holds the state before the night of the full disk.
    fn new() -> Self {
        let seed = seed();
        let night = Night::new();
        let mut shelter = Shelter::open(seed, "photos");
        night.answer(shelter.replies(LIST));
        run(&mut night.batch("kept")).report();
        let before = fs::read(night.catalogue("kept")).unwrap();
        shelter.sleep();
        shelter.sleep();
        night.answer(shelter.replies(LIST));
        copy(&night.data("kept"), &night.data("undisturbed"));
        run(&mut night.batch("undisturbed")).report();
        let expected = Timeless::of(night.read("undisturbed"));
        let random = ChaCha8Rng::seed_from_u64(seed);
        Self { night, seed, random, before, expected }
    }

    fn restore(&self, data: &str) {
        let _ = fs::remove_dir_all(self.night.data(data));
        copy(&self.night.data("kept"), &self.night.data(data));
    }

    /// Checks what a run on a full disk says and leaves, and that the next one makes it good.
    fn mends(&self, data: &str, ended: &Ended, why: &str) {
        let why = format!("{why}; seed {}: {}", self.seed, ended.err);
        let catalogue = self.night.catalogue(data);
        if ended.code == Some(0) {
            let difference = Timeless::read(&catalogue).difference(&self.expected);
            assert_eq!(difference, "", "{} {why}", ended.out);
        } else {
            assert_eq!(ended.code, Some(1), "{why}");
            let reasons = ["[DISK_FULL]", "[STORE_FAILED]", "[DATA_DIR_UNUSABLE]"];
            assert!(reasons.iter().any(|reason| ended.err.contains(reason)), "{why}");
            let is_old = fs::read(&catalogue).unwrap() == self.before;
            // The last thing that is written is the note that the run has ended.
            assert!(is_old || Timeless::read(&catalogue) == self.expected, "{why}");
        }
    }

    fn is_made_good(&self, data: &str, why: &str) {
        run(&mut self.night.batch(data)).report();
        let difference = Timeless::read(&self.night.catalogue(data)).difference(&self.expected);
        assert_eq!(difference, "", "{why}; seed {}", self.seed);
    }

    /// A run whose disk is full from a call on, counted below a folder of the data directory.
    fn filled_from(&self, at: usize, below: &str) -> Ended {
        self.restore("data");
        let mut batch = self.night.batch("data");
        let data = self.night.data("data").canonicalize().unwrap();
        batch.env("LD_PRELOAD", &*FAULTS).env("FAULTS_DIR", data.join(below));
        batch.env("FAULTS_LOG", self.log()).env("FAULTS_AT", at.to_string());
        batch.env("FAULTS_DO", NO_SPACE).env("FAULTS_FOR", "1000000");
        let _ = fs::remove_file(self.log());
        run(&mut batch)
    }

    fn log(&self) -> PathBuf {
        self.night.folder.path().join("calls")
    }
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap().success());
}

#[test]
fn a_disk_without_space_for_photos_ends_the_run_and_costs_no_dog_its_next_try() {
    let cramped = Cramped::new();
    let ended = cramped.filled_from(1, "fetched");
    ended.failed_as("DISK_FULL");
    cramped.mends("data", &ended, "no photo could be kept");
    cramped.is_made_good("data", "after no photo could be kept");
}

fn fill_at(points: usize) {
    let mut cramped = Cramped::new();
    // Far away, so that all calls are only counted.
    cramped.filled_from(1_000_000, "");
    let calls = fs::read_to_string(cramped.log()).unwrap().lines().count();
    assert!(calls > 10, "{calls} calls");
    for point in 0..points {
        let part = calls / points;
        let at = 1 + point * part + cramped.random.random_range(0..part.max(1));
        let ended = cramped.filled_from(at, "");
        let why = format!("full from call {at} of {calls} on");
        cramped.mends("data", &ended, &why);
        cramped.is_made_good("data", &why);
    }
}

#[test]
fn a_disk_that_fills_up_in_a_run_costs_no_dog() {
    fill_at(4);
}

#[test]
#[ignore = "long; make torture runs it"]
fn a_disk_that_fills_up_anywhere_costs_no_dog() {
    fill_at(40);
}

/// A small file system. Dropping it takes it away.
struct Mount(PathBuf);

impl Mount {
    /// `None`, with a message, if nothing may be mounted here.
    fn at(path: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(path).unwrap();
        let options = format!("size={size}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(path);
        if mount.output().is_ok_and(|output| output.status.success()) {
            return Some(Self(path.to_owned()));
        }
        eprintln!("left out: nothing may be mounted here");
        None
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// Takes space until so much is left; returns the file that takes it.
fn leave(folder: &Path, kib: u64) -> PathBuf {
    let filler = folder.join("filler");
    let mut file = File::create(&filler).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
    let length = file.metadata().unwrap().len();
    file.set_len(length.saturating_sub(kib << 10)).unwrap();
    filler
}

#[test]
#[ignore = "long; make torture runs it"]
fn a_small_file_system_costs_no_dog() {
    let mut cramped = Cramped::new();
    let folder = cramped.night.data("small");
    let Some(_mount) = Mount::at(&folder, "4m") else { return };
    for round in 0..30 {
        let _ = fs::remove_dir_all(folder.join("data"));
        copy(&cramped.night.data("kept"), &folder.join("data"));
        let kib = if round % 2 == 0 { round * 4 } else { cramped.random.random_range(0..1200) };
        let filler = leave(&folder, kib);
        let ended = run(&mut cramped.night.batch("small/data"));
        let why = format!("{kib} KiB were left");
        cramped.mends("small/data", &ended, &why);
        fs::remove_file(filler).unwrap();
        cramped.is_made_good("small/data", &why);
    }
}
