//! Damages the files of a corpus at random: bytes that are random from the start fail at the first
//! check.

use std::{
    fs,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
};

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Folder of the corpus of a target.
pub(super) fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/__fuzz__").join(target).join("corpus")
}

/// Checks as many damaged files of a target's corpus.
pub(super) fn check(target: &str, rounds: u64, check: fn(&[u8])) {
    let mut paths: Vec<_> =
        fs::read_dir(corpus(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let files: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    for round in 0..rounds {
        let mut random = ChaCha8Rng::seed_from_u64(round);
        let [file, other] = [0, 1].map(|_| &files[random.random_range(0..files.len())]);
        let input = damaged(file, other, &mut random);
        if panic::catch_unwind(AssertUnwindSafe(|| check(&input))).is_err() {
            let path = std::env::temp_dir().join(format!("mungpy-fuzz-{target}-{round}"));
            fs::write(&path, &input).unwrap();
            panic!("{target}, round {round}: the input is {}", path.display());
        }
    }
}

fn damaged(file: &[u8], other: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for _ in 0..random.random_range(1..5) {
        if bytes.is_empty() {
            break;
        }
        let at = random.random_range(0..bytes.len());
        let end = (at + random.random_range(1..32)).min(bytes.len());
        match random.random_range(0..7) {
            0 | 1 => bytes[at] ^= 1 << random.random_range(0..8),
            2 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF][random.random_range(0..6)],
            3 => drop(bytes.drain(at..end)),
            4 => bytes.extend_from_within(at..end),
            5 => {
                let from = random.random_range(0..=other.len());
                let piece = &other[from..(from + end - at).min(other.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            _ => bytes[at..end].fill(random.next_u32() as u8),
        }
    }
    bytes
}
