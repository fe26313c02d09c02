//! Batches that are killed at any moment, while dogs come and go.

use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{LIST, Night, Timeless, days::Shelter, is_tidy, line, seed, server::Reply};
use crate::storage::{MEMORY_KIB, is_told_once, mungpy, names_in, run};

/// Longest time for one batch.
const PATIENCE: Duration = Duration::from_secs(60);

/// When a run is killed, beside a short while.
#[derive(Debug, Clone, Copy)]
enum Moment {
    After(Duration),
    /// The next catalogue is being written.
    Writing,
    /// It was moved into place.
    Published,
}

/// A shelter, one data directory that nothing disturbs, and one whose batches are killed.
struct Ordeal {
    night: Night,
    shelter: Shelter,
    random: ChaCha8Rng,
    seed: u64,
    /// What the disturbed directory may publish now: what was there, and what comes.
    allowed: Vec<Timeless>,
    /// How long the undisturbed run of today took.
    length: Duration,
    version: u64,
    kills: usize,
}

impl Ordeal {
    fn new() -> Self {
        let seed = seed();
        Self {
            night: Night::new(),
            shelter: Shelter::open(seed, "photos"),
            random: ChaCha8Rng::seed_from_u64(seed),
            seed,
            allowed: Vec::new(),
            length: Duration::ZERO,
            version: 0,
            kills: 0,
        }
    }

    /// A day: an undisturbed run, killed ones until there were `kills` in all, and one to the end unless the night is too
    /// short for it.
    fn day(&mut self, kills: usize, is_finished: bool) {
        self.night.answer(self.shelter.replies(LIST));
        self.night.server.let_fail(0.0, 0);
        let begun = Instant::now();
        run(&mut self.night.batch("undisturbed")).report();
        self.length = begun.elapsed();
        let expected = Timeless::of(self.night.read("undisturbed"));
        let lost: Vec<_> =
            self.shelter.sound().filter(|id| !expected.ids().contains(&id.as_str())).collect();
        assert!(lost.is_empty(), "{lost:?} are lost; seed {}", self.seed);
        self.allowed.push(expected);
        self.night.server.let_fail(0.05, self.random.random());
        // Some runs end before their moment comes.
        for _ in 0..100 {
            if self.kills < kills {
                let moment = self.moment();
                self.attempt(Some(moment));
            }
        }
        if is_finished {
            assert!(!self.attempt(None));
            self.check_end();
            self.allowed.drain(..self.allowed.len() - 1);
        }
    }

    fn moment(&mut self) -> Moment {
        match self.random.random_range(0..6) {
            0 => Moment::Writing,
            1 => Moment::Published,
            _ => Moment::After(self.length.mul_f64(self.random.random_range(0.0..1.1))),
        }
    }

    /// Runs a batch and kills it at a moment; false if it ended before.
    fn attempt(&mut self, moment: Option<Moment>) -> bool {
        let log = self.night.folder.path().join("log");
        let mut command = self.night.batch("disturbed");
        command.stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let before = self.inode();
        let begun = Instant::now();
        let mut child = command.spawn().unwrap();
        let mut looked = begun;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                let told = fs::read_to_string(&log).unwrap();
                assert!(status.success(), "seed {}: {told}", self.seed);
                self.look("a whole run");
                return false;
            }
            if moment.is_some_and(|moment| self.has_come(moment, begun, before)) {
                self.kill(&mut child);
                self.look(&format!("a kill at {moment:?}"));
                return true;
            }
            if looked.elapsed() > Duration::from_millis(10) {
                self.look("a part of a run");
                looked = Instant::now();
            }
            assert!(begun.elapsed() < PATIENCE, "the batch hangs; seed {}", self.seed);
            thread::sleep(Duration::from_micros(100));
        }
    }

    fn kill(&mut self, child: &mut Child) {
        let while_ = self.random.random_range(0..3000);
        thread::sleep(Duration::from_micros(while_));
        child.kill().unwrap();
        child.wait().unwrap();
        self.kills += 1;
    }

    fn inode(&self) -> Option<u64> {
        fs::metadata(self.night.catalogue("disturbed")).ok().map(|file| file.ino())
    }

    fn has_come(&self, moment: Moment, begun: Instant, before: Option<u64>) -> bool {
        match moment {
            Moment::After(wait) => begun.elapsed() >= wait,
            Moment::Published => self.inode() != before,
            Moment::Writing => {
                let data = self.night.data("disturbed");
                data.exists() && names_in(&data).iter().any(|name| name.ends_with(".partial"))
            }
        }
    }

    /// Whatever happened, what is published is what was there or what comes.
    fn look(&mut self, after: &str) {
        let (seed, kills) = (self.seed, self.kills);
        let why = format!("after {after}, {kills} kills; seed {seed}");
        if self.inode().is_none() {
            assert_eq!(self.version, 0, "the catalogue is gone {why}");
            return;
        }
        let catalogue = self.night.read("disturbed");
        assert!(catalogue.version >= self.version, "an older version {why}");
        self.version = catalogue.version;
        let found = Timeless::of(catalogue);
        let differences: Vec<_> =
            self.allowed.iter().map(|allowed| found.difference(allowed)).collect();
        assert!(differences.iter().any(String::is_empty), "{differences:?} {why}");
    }

    /// After a whole run the catalogue is the undisturbed one, and the next run finds nothing to do.
    fn check_end(&mut self) {
        let seed = self.seed;
        let found = Timeless::of(self.night.read("disturbed"));
        let difference = found.difference(self.allowed.last().unwrap());
        assert!(difference.is_empty(), "{difference}; seed {seed}");
        is_tidy(&self.night.data("disturbed"));
        let report = run(&mut self.night.batch("disturbed")).report();
        for nothing in ["enrolled", "updated", "removed"] {
            assert_eq!(report[nothing], 0, "{report}; seed {seed}");
        }
        assert_eq!(report["published"], false, "{report}; seed {seed}");
        is_told_once(&self.night.data("disturbed"), &format!("seed {seed}"));
    }

    /// A directory that knows nothing publishes the same dogs.
    fn check_anew(&self) {
        run(&mut self.night.batch("anew")).report();
        let difference = Timeless::of(self.night.read("anew")).difference(&self.allowed[0]);
        assert!(difference.is_empty(), "{difference}; seed {}", self.seed);
    }
}

fn survive(days: usize, kills_a_day: usize) {
    let mut ordeal = Ordeal::new();
    for day in 1..=days {
        // Now and then dogs change again before a run has seen the change through.
        ordeal.day(day * kills_a_day, day == days || day % 3 != 2);
        if day < days {
            ordeal.shelter.sleep();
        }
    }
    ordeal.check_anew();
    let (kills, seed) = (ordeal.kills, ordeal.seed);
    assert_eq!(kills, days * kills_a_day, "seed {seed}");
    eprintln!("{kills} kills in {days} days");
}

#[test]
fn a_few_kills_cost_no_dog() {
    survive(3, 2);
}

#[test]
#[ignore = "long; make torture runs it"]
fn a_hundred_kills_cost_no_dog() {
    survive(20, 5);
}

#[test]
fn a_rollback_after_a_kill_leads_to_an_earlier_catalogue() {
    let night = Night::new();
    let replies = night.publish_composites("data", "shelter");
    night.answer(replies.clone());
    run(&mut night.batch("data")).report();
    let before = night.read("data");
    let mut fewer = replies;
    fewer.insert(LIST.to_owned(), Reply::of(line("long-nose", "/long-nose.jpg")));
    night.answer(fewer);
    run(&mut night.batch("data")).report();
    let now = night.read("data");
    assert!(now.dogs.len() < before.dogs.len() && now.version > before.version);
    // What a batch leaves that was killed before it moved the next catalogue into place.
    let kept = night.data("data").join(format!("catalogues/{}.mungpy", now.version));
    fs::hard_link(night.catalogue("data"), kept).unwrap();
    let mut rollback = mungpy(MEMORY_KIB);
    rollback.args(["catalogue", "rollback", "--data-dir"]).arg(night.data("data"));
    assert_eq!(run(&mut rollback).code, Some(0));
    let found = night.read("data");
    assert!(found.version > now.version);
    assert_eq!(Timeless::of(found).difference(&Timeless::of(before)), "");
}
