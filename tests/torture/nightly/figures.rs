//! Figures of nightly batches. They are printed and never asserted, for they depend on the machine:
//!
//! ```text
//! MUNGPY_BIN=target/release/mungpy \
//!     cargo test --features postgres --test torture -- --ignored --nocapture figures
//! ```

use std::{
    collections::BTreeMap,
    env, fs,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use mungpy::catalogue::DogRecord;
use serde_json::Value;

use super::{Night, digest_of, line, server::Reply};
use crate::{common, storage::program};

/// Photos of the pool that are measured.
const PHOTOS: usize = 200;
/// Dogs that have not changed.
const UNCHANGED: usize = 100_000;

/// What a run took.
struct Taken {
    report: Value,
    time: Duration,
    peak_mib: u64,
}

/// Runs a batch without limits and looks at its memory.
fn take(data: &Path, arguments: &[&str]) -> Taken {
    let mut command = Command::new(program());
    command.args(["batch", "--json"]).args(arguments).arg("--data-dir").arg(data);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("MUNGPY_MODELS");
    let out = data.with_extension("out");
    command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(fs::File::create(&out).unwrap());
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut peak_mib = 0;
    let status = loop {
        let now = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let peak = now.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak_mib = peak_mib.max(kib.unwrap_or(0) >> 10);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        thread::sleep(Duration::from_millis(5));
    };
    let time = begun.elapsed();
    let told = fs::read_to_string(out).unwrap();
    assert!(status.success(), "{told}");
    Taken { report: serde_json::from_str(&told).unwrap(), time, peak_mib }
}

/// Prints a row of the table.
fn row(what: &str, dogs: usize, taken: &Taken) {
    let (seconds, report) = (taken.time.as_secs_f64(), &taken.report);
    let mut refused = BTreeMap::<&str, usize>::new();
    for refusal in report["refusals"].as_array().unwrap() {
        *refused.entry(refusal["reason"].as_str().unwrap()).or_default() += 1;
    }
    println!(
        "| {what} | {seconds:.1} s | {:.1} | {} MiB | {} | {} | {refused:?} |",
        dogs as f64 / seconds,
        taken.peak_mib,
        report["enrolled"],
        report["unchanged"]
    );
}

/// Prints the head of a table; false, with a message, if no program is named.
fn begins() -> bool {
    if env::var_os("MUNGPY_BIN").is_none() {
        eprintln!("left out: MUNGPY_BIN names no program");
        return false;
    }
    let load = fs::read_to_string("/proc/loadavg").unwrap();
    println!("\nload before: {}", load.trim());
    println!("| run | time | dogs/s | peak | measured | unchanged | refused |");
    println!("|---|---|---|---|---|---|---|");
    true
}

/// Dogs per second on one worker and on two.
#[test]
#[ignore = "figures of a release build, which MUNGPY_BIN names"]
fn figures_of_workers() {
    if !begins() {
        return;
    }
    let folder = common::shared("data/dog-pool/images");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let photos: Vec<_> =
        paths.iter().take(PHOTOS).map(|path| Arc::new(fs::read(path).unwrap())).collect();
    let night = Night::new();
    let list: String =
        (0..photos.len()).map(|at| line(&format!("{at:05}"), &format!("/{at}"))).collect();
    let list = Arc::new(list.into_bytes());
    night.server.answer(move |path| match path[1..].parse::<usize>() {
        // One in twenty is broken.
        Ok(at) if at % 20 == 7 => Reply::of(&photos[at][..photos[at].len() / 2]),
        Ok(at) => Reply::Whole(Arc::clone(&photos[at])),
        Err(_) => Reply::Whole(Arc::clone(&list)),
    });
    let config = night.config();
    for workers in ["1", "2"] {
        night.server.let_fail(0.05, 16);
        let data = night.data(workers);
        let arguments = ["--workers", workers, "--config", config.to_str().unwrap()];
        let what = format!("{PHOTOS} of the pool, 5 % failures, {workers} workers");
        row(&what, PHOTOS, &take(&data, &arguments));
    }
}

/// Memory for some dogs and for four times as many.
#[test]
#[ignore = "figures of a release build, which MUNGPY_BIN names"]
fn figures_of_memory() {
    if !begins() {
        return;
    }
    let photos: Vec<_> = common::composites("dogs/")
        .iter()
        .map(|composite| Arc::new(common::bytes(&composite.photo)))
        .collect();
    for dogs in [500, 2000] {
        let night = Night::new();
        let list: String =
            (0..dogs).map(|at| line(&format!("{at:05}"), &format!("/{at}"))).collect();
        let (list, photos) = (Arc::new(list.into_bytes()), photos.clone());
        night.server.answer(move |path| match path[1..].parse::<usize>() {
            Ok(at) => Reply::Whole(Arc::clone(&photos[at % photos.len()])),
            Err(_) => Reply::Whole(Arc::clone(&list)),
        });
        let config = night.config();
        let arguments = ["--workers", "1", "--config", config.to_str().unwrap()];
        row(&format!("{dogs} composites, 1 worker"), dogs, &take(&night.data("data"), &arguments));
    }
}

/// A published catalogue of so many dogs, each with a photo of a few bytes, which a batch compares and
/// never decodes.
fn publish_many(night: &Night, source: &str, location: impl Fn(usize) -> String) {
    let mut catalogue = common::composite_catalogue();
    let known = std::mem::take(&mut catalogue.dogs);
    catalogue.dogs.extend((0..UNCHANGED).map(|at| DogRecord {
        dog_id: format!("{at:06}"),
        photo_location: location(at),
        photos_digest: digest_of(&photo(at)),
        source: source.to_owned(),
        ..known[at % known.len()].clone()
    }));
    for dog in &mut catalogue.dogs {
        dog.traits.clear();
    }
    fs::create_dir_all(night.data("data")).unwrap();
    catalogue.publish(&night.catalogue("data")).unwrap();
}

fn photo(at: usize) -> Vec<u8> {
    format!("photo {at}").into_bytes()
}

fn nights(night: &Night, what: &str, arguments: &[&str]) {
    for number in ["first", "second", "third"] {
        let taken = take(&night.data("data"), arguments);
        row(&format!("{UNCHANGED} unchanged, {what}, {number} run"), UNCHANGED, &taken);
    }
}

#[test]
#[ignore = "figures of a release build, which MUNGPY_BIN names"]
fn figures_of_unchanged_addresses() {
    if !begins() {
        return;
    }
    let night = Night::new();
    publish_many(&night, "shelter", |at| night.server.url(&format!("/{at}")));
    let list: String =
        (0..UNCHANGED).map(|at| line(&format!("{at:06}"), &format!("/{at}"))).collect();
    let list = Arc::new(list.into_bytes());
    night.server.answer(move |path| match path[1..].parse::<usize>() {
        Ok(at) => Reply::of(photo(at)),
        Err(_) => Reply::Whole(Arc::clone(&list)),
    });
    let config = night.config();
    nights(&night, "manifest and 304", &["--config", config.to_str().unwrap()]);
}

#[test]
#[ignore = "figures of a release build, which MUNGPY_BIN names"]
fn figures_of_unchanged_files() {
    if !begins() {
        return;
    }
    let night = Night::new();
    let folder = night.data("photos");
    fs::create_dir(&folder).unwrap();
    for at in 0..UNCHANGED {
        fs::write(folder.join(format!("{at:06}.jpg")), photo(at)).unwrap();
    }
    let folder = folder.canonicalize().unwrap();
    publish_many(&night, "source", |at| {
        folder.join(format!("{at:06}.jpg")).to_string_lossy().into_owned()
    });
    nights(&night, "folder", &["--source", folder.to_str().unwrap()]);
}
