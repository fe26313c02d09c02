//! Decodes a photo in a process of its own, and tells what it cost.

use std::{
    fs,
    process::{Command, Output},
};

use mungpy::photo::Photo;
use mungpy_core::reason::{Reason, WithReason};

/// What a photo may cost, with the process around it.
const MAX_CPU_MS: u64 = 2_000;
const MAX_PEAK_KB: u64 = 400_000;
/// Names the photo to the child.
const PHOTO: &str = "MUNGPY_TORTURE_PHOTO";
/// Bytes of memory that the child may still get, if that is to be bounded.
const HEADROOM: &str = "MUNGPY_TORTURE_HEADROOM";
const CHILD: &str = "photos::budget::child";

/// What became of a photo.
#[derive(Debug)]
pub(super) struct Outcome {
    /// `OK`, or the code of the reason.
    pub(super) reason: String,
    pub(super) message: String,
    cpu_ms: u64,
    peak_kb: u64,
}

/// Asserts that the photo is refused for this reason, within the budget.
#[track_caller]
pub(super) fn assert_refused(photo: &[u8], reason: Reason) {
    let outcome = decoded_in_child(photo, None);
    assert_eq!(outcome.reason, reason.code(), "{outcome:?}");
    outcome.assert_cheap();
}

/// Asserts that the photo is decoded, within the budget.
#[track_caller]
pub(super) fn assert_decoded(photo: &[u8]) {
    let outcome = decoded_in_child(photo, None);
    assert_eq!(outcome.reason, "OK", "{outcome:?}");
    outcome.assert_cheap();
}

/// Asserts that the photo stays within the budget, whether it is decoded or not.
#[track_caller]
pub(super) fn assert_cheap(photo: &[u8]) {
    decoded_in_child(photo, None).assert_cheap();
}

impl Outcome {
    #[track_caller]
    fn assert_cheap(&self) {
        println!("{self:?}");
        assert!(self.cpu_ms <= MAX_CPU_MS, "{self:?}");
        assert!(self.peak_kb <= MAX_PEAK_KB, "{self:?}");
    }
}

/// Decodes the photo in a child, which may use so many bytes of memory beyond what it has.
#[track_caller]
pub(super) fn decoded_in_child(photo: &[u8], headroom: Option<usize>) -> Outcome {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), photo).unwrap();
    let this = std::env::current_exe().unwrap();
    // The limits only protect the machine from an attack that succeeds.
    let mut child = Command::new("sh");
    child
        .args(["-c", "ulimit -v 8000000; ulimit -t 60; exec \"$0\" \"$@\""])
        .arg(this)
        .args([CHILD, "--exact", "--include-ignored", "--nocapture"])
        // OpenBLAS starts threads that wait for ever where they get no memory.
        .env("OPENBLAS_NUM_THREADS", "1")
        .env(PHOTO, file.path());
    if let Some(headroom) = headroom {
        child.env(HEADROOM, headroom.to_string());
    }
    parsed(&child.output().unwrap())
}

#[track_caller]
fn parsed(output: &Output) -> Outcome {
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.split_once("COST "));
    let Some((_, line)) = line else { panic!("the child died: {output:?}") };
    let mut words = line.splitn(4, ' ');
    let mut word = || words.next().unwrap().to_owned();
    let (reason, cpu_ms, peak_kb) = (word(), word(), word());
    let [cpu_ms, peak_kb] = [cpu_ms, peak_kb].map(|number| number.parse().unwrap());
    Outcome { reason, message: word(), cpu_ms, peak_kb }
}

#[test]
#[ignore = "other tests start it in a process of its own"]
fn child() {
    let Ok(path) = std::env::var(PHOTO) else { return };
    let photo = fs::read(path).unwrap();
    if let Ok(headroom) = std::env::var(HEADROOM) {
        bound_memory(headroom.parse().unwrap());
    }
    let before = cpu_ms("self");
    // As a photo of a person without a large face is decoded: twice, if that can show more.
    let result = Photo::decode_coarsely(&photo, 480);
    let result = if result.as_ref().is_ok_and(|photo| photo.is_coarse) {
        Photo::decode(&photo)
    } else {
        result
    };
    let cpu = cpu_ms("self") - before;
    let (reason, message) = match result {
        Ok(photo) => ("OK", format!("{}x{}", photo.width, photo.height)),
        Err(error) => (error.reason().code(), error.to_string()),
    };
    println!("COST {reason} {cpu} {} {message}", status_kb("VmHWM"));
}

/// Milliseconds that a processor worked for this process (`self`) or thread (`thread-self`).
pub(super) fn cpu_ms(whose: &str) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{whose}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let ticks = |field: usize| fields[field].parse::<u64>().unwrap();
    10 * (ticks(11) + ticks(12))
}

/// A line of `/proc/self/status`, in kB.
pub(super) fn status_kb(key: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Lets this process have so many bytes more than now.
fn bound_memory(headroom: usize) {
    let limit = status_kb("VmSize") as usize * 1024 + headroom;
    let pid = std::process::id().to_string();
    let status = Command::new("prlimit").args(["--pid", &pid, &format!("--as={limit}")]).status();
    assert!(status.unwrap().success());
}
