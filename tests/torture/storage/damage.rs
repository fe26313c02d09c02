//! Stores with damage anywhere. The catalogue knows the dogs as well, so that none of it may cost a
//! measurement, let alone the batch.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Place, names_in, run};

/// Damages one file of a store; says what was done.
fn damage(store: &Path, random: &mut ChaCha8Rng) -> String {
    let names: Vec<String> =
        names_in(store).into_iter().filter(|name| store.join(name).is_file()).collect();
    let name = &names[random.random_range(0..names.len())];
    let path = store.join(name);
    let mut bytes = fs::read(&path).unwrap();
    let (from, to) = (random.random_range(0..bytes.len()), random.random_range(0..=bytes.len()));
    let done = match random.random_range(0..5) {
        0 => {
            fs::remove_file(&path).unwrap();
            return format!("{name} removed");
        }
        1 => {
            bytes.truncate(from);
            format!("{name} cut at {from}")
        }
        2 => {
            bytes.get_mut(from..to).into_iter().for_each(|range| range.fill(0));
            format!("{name} is zero from {from} to {to}")
        }
        3 => {
            bytes.extend((0..1000).map(|_| random.random::<u8>()));
            format!("{name} goes on")
        }
        _ => {
            for _ in 0..20 {
                let at = random.random_range(0..bytes.len());
                bytes[at] = random.random();
            }
            format!("20 bytes of {name} differ")
        }
    };
    fs::write(&path, bytes).unwrap();
    done
}

/// Copies a folder in place of another.
fn restore(from: &Path, to: &PathBuf) {
    let _ = fs::remove_dir_all(to);
    assert!(Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap().success());
}

fn survives(seeds: std::ops::Range<u64>) {
    let place = Place::published();
    let dogs = place.read().dogs.len();
    // The second batch reads the store of the first, and writes a snapshot of it.
    for _ in 0..2 {
        run(&mut place.batch()).report();
    }
    let version = place.read().version;
    let kept = place.root().join("kept");
    restore(&place.data(), &kept);
    for seed in seeds {
        restore(&kept, &place.data());
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let done = damage(&place.data().join("store"), &mut random);
        let ended = run(&mut place.batch());
        assert_eq!(ended.code, Some(0), "seed {seed}, {done}: {}", ended.err);
        let report = ended.report();
        assert_eq!(report["enrolled"], 0, "seed {seed}, {done}: {}", ended.err);
        assert_eq!(
            (&report["dogs"], &report["version"]),
            (&dogs.into(), &version.into()),
            "{done}"
        );
        // And the store is sound again.
        assert_eq!(run(&mut place.batch()).report()["unchanged"], dogs, "seed {seed}, {done}");
    }
}

#[test]
fn a_damaged_store_costs_no_measurement() {
    survives(0..6);
}

#[test]
#[ignore = "long; make torture runs it"]
fn a_store_damaged_in_many_ways_costs_no_measurement() {
    survives(6..150);
}
