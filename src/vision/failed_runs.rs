//! What networks are worth after a run for which memory was short.

use std::{env, fs, path::Path, process::Command};

use cxx::UniquePtr;
use rustix::process::{Resource, getrlimit, setrlimit};

use super::{
    CHIP_SIDE, DESCRIBED_SIDE, DESCRIPTOR_LEN, Models, Role,
    bridge::ffi::{self, CnnDetector, DescriptorNetwork, LandmarkNetwork},
};

/// Says that the test runs in a process of its own, whose memory it may limit.
const ALONE: &str = "MUNGPY_TEST_ALONE";

#[test]
fn a_network_that_ran_out_of_memory_gives_the_same_as_one_that_did_not() {
    if env::var_os(ALONE).is_some() {
        return run_all();
    }
    let name =
        "vision::failed_runs::a_network_that_ran_out_of_memory_gives_the_same_as_one_that_did_not";
    let mut command = Command::new(env::current_exe().unwrap());
    let child = command.args(["--exact", name, "--nocapture"]).env(ALONE, "1");
    // A tensor must not find memory that others have left, nor what glibc reserves for a thread.
    let child = child.env("MALLOC_MMAP_THRESHOLD_", "32768").env("MALLOC_ARENA_MAX", "1");
    let child = child.env("OPENBLAS_NUM_THREADS", "1").output().unwrap();
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{}: {said}", child.status);
}

fn run_all() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let models = Models::new(&[root.join("landmark-models")]);
    let model = |role| models.verified(role).unwrap().bytes;
    // Read anew each time: copies would find what the first run has worked out of the weights.
    let detector = model(Role::DogDetector);
    check(
        || ffi::parse_cnn_detector(&detector, false).unwrap(),
        &pixels(2 * 480 * 480),
        |detector: &mut UniquePtr<CnnDetector>, rgb, out| {
            let found = detector.pin_mut().detect(rgb, 480, 480)?;
            out.extend(found.iter().flat_map(|face| [face.left, face.top, face.confidence]));
            Ok(())
        },
    );
    let landmarks = model(Role::DogLandmarks);
    check(
        || ffi::parse_landmark_network(&landmarks).unwrap(),
        &pixels(20 * CHIP_SIDE * CHIP_SIDE),
        |network: &mut UniquePtr<LandmarkNetwork>, rgb, out| {
            network.pin_mut().run(rgb)?;
            out.extend(network.maps()?.iter().copied().map(f64::from));
            Ok(())
        },
    );
    let descriptor = model(Role::PersonDescriptor);
    check(
        || ffi::parse_descriptor_network(&descriptor).unwrap(),
        &pixels(DESCRIBED_SIDE * DESCRIBED_SIDE),
        |network: &mut UniquePtr<DescriptorNetwork>, rgb, out| {
            let mut numbers = [0.0; DESCRIPTOR_LEN];
            network.pin_mut().describe(rgb, &mut numbers)?;
            out.extend(numbers.map(f64::from));
            Ok(())
        },
    );
}

/// Runs a fresh network with ever more memory until it suffices. After each failure, the network
/// must give with enough memory what one without a failure gives.
fn check<T>(
    fresh: impl Fn() -> T,
    rgb: &[u8],
    run: impl Fn(&mut T, &[u8], &mut Vec<f64>) -> Result<(), cxx::Exception>,
) {
    let mut expected = Vec::new();
    run(&mut fresh(), rgb, &mut expected).unwrap();
    // Reserved before memory is limited: Rust ends the process if it gets none.
    let mut found = Vec::with_capacity(expected.len());
    let (mut spare, mut failures) = (256 << 10, 0);
    loop {
        let mut network = fresh();
        found.clear();
        limit_memory(Some(spare));
        let limited = run(&mut network, rgb, &mut found);
        limit_memory(None);
        let Err(error) = limited else { break };
        assert!(error.what().contains("bad_alloc"), "{error}");
        failures += 1;
        run(&mut network, rgb, &mut found).unwrap();
        assert!(found == expected, "after {spare} bytes");
        spare += spare / 2;
    }
    assert!(failures > 3, "{failures} runs failed");
}

/// Limits the address space to what is taken and so many bytes more.
fn limit_memory(spare: Option<u64>) {
    let mut limit = getrlimit(Resource::As);
    limit.current = match spare {
        Some(spare) => {
            let statm = fs::read_to_string("/proc/self/statm").unwrap();
            let pages: u64 = statm.split(' ').next().unwrap().parse().unwrap();
            Some(pages * 4096 + spare)
        }
        None => limit.maximum,
    };
    setrlimit(Resource::As, limit).unwrap();
}

/// Pixels without a pattern.
fn pixels(count: usize) -> Vec<u8> {
    let mut state: u32 = 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..3 * count).map(|_| next()).collect()
}
