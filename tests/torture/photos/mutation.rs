//! Photos with random damage: no panic, no broken budget, and always a reason.
//!
//! The seeds are the forms in `tests/data/photos` and what was found before (`corpus`). A mutation
//! changes bytes, or cuts, repeats and moves pieces; half of the PNGs get their checksums back,
//! because a decoder looks at nothing else of a chunk first.

use std::{fs, panic, path::Path};

use mungpy::photo::Photo;
use mungpy_core::reason::{Reason, Section, WithReason};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{budget::cpu_ms, png::chunk};

/// Longest that a processor may work for one photo.
const MAX_CPU_MS: u64 = 2_000;

fn files(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let is_photo = |path: &Path| !path.extension().is_some_and(|kind| kind == "md" || kind == "sh");
    paths.iter().filter(|path| is_photo(path)).map(|path| fs::read(path).unwrap()).collect()
}

/// Decodes; a fault is the photo's or the machine's, never a panic.
fn check(photo: &[u8]) -> Result<(), String> {
    let before = cpu_ms("thread-self");
    let result = panic::catch_unwind(|| Photo::decode(photo).map(|_| ()));
    let cpu = cpu_ms("thread-self") - before;
    if cpu > MAX_CPU_MS {
        return Err(format!("took {cpu} ms"));
    }
    match result {
        Err(_) => Err("panicked".to_owned()),
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            let reason = error.reason();
            let is_known = reason.entry().section == Section::Photo;
            if is_known && reason != Reason::PhotoEmpty { Ok(()) } else { Err(error.to_string()) }
        }
    }
}

fn mutated(seed: &[u8], other: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut photo = seed.to_vec();
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..photo.len());
        let length = random.random_range(1..64).min(photo.len() - at);
        match random.random_range(0..8) {
            0 | 1 => photo[at] ^= 1 << random.random_range(0..8),
            2 => photo[at] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF][random.random_range(0..6)],
            // Headers are where the structure is.
            3 => {
                let at = at % photo.len().min(700);
                photo[at] = random.next_u32() as u8;
            }
            4 if photo.len() > 2 * length + 2 => drop(photo.drain(at..at + length)),
            5 => {
                let piece = photo[at..at + length].to_vec();
                let to = random.random_range(0..photo.len());
                photo.splice(to..to, piece);
            }
            6 => {
                let from = random.random_range(0..other.len());
                let piece = &other[from..(from + length).min(other.len())];
                photo.splice(at..at, piece.iter().copied());
            }
            _ => photo[at..at + length].fill(random.next_u32() as u8),
        }
    }
    if random.random_range(0..2) == 0 { with_checksums(&photo) } else { photo }
}

/// A PNG with the right checksums, as far as its chunks can be followed.
fn with_checksums(photo: &[u8]) -> Vec<u8> {
    let Some(mut rest) = photo.strip_prefix(b"\x89PNG\r\n\x1a\n") else { return photo.to_vec() };
    let mut png = photo[..8].to_vec();
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some((kind, tail)) = tail.split_first_chunk::<4>() else { break };
        if tail.len() < length + 4 {
            break;
        }
        png.extend(chunk(*kind, &tail[..length]));
        rest = &tail[length + 4..];
    }
    png.extend(rest);
    png
}

fn mutate(rounds: u64, first: u64) {
    let mut seeds = files("tests/data/photos");
    seeds.retain(|seed| seed.len() < 40_000);
    seeds.extend(files("tests/torture/corpus"));
    for round in first..first + rounds {
        let mut random = ChaCha8Rng::seed_from_u64(round);
        let [seed, other] = [0, 1].map(|_| &seeds[random.random_range(0..seeds.len())]);
        let photo = mutated(seed, other, &mut random);
        if let Err(fault) = check(&photo) {
            let path = std::env::temp_dir().join(format!("mungpy-mutation-{round}"));
            fs::write(&path, &photo).unwrap();
            panic!("round {round}: {fault}; the photo is {}", path.display());
        }
    }
}

#[test]
fn what_was_found_before_stays_harmless() {
    for (number, photo) in files("tests/torture/corpus").iter().enumerate() {
        check(photo).unwrap_or_else(|fault| panic!("file {number}: {fault}"));
    }
}

#[test]
fn damage_never_panics_and_has_a_reason() {
    mutate(1_500, 0);
}

/// `MUNGPY_TORTURE_ROUNDS` sets how many rounds, `MUNGPY_TORTURE_FIRST` where they begin.
#[test]
#[ignore = "long; make torture runs it"]
fn much_damage_never_panics_and_has_a_reason() {
    let number = |name: &str, default| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    mutate(number("MUNGPY_TORTURE_ROUNDS", 60_000), number("MUNGPY_TORTURE_FIRST", 10_000));
}
