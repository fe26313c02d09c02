//! Gives memory that is no longer used back to the system.

use std::{sync::Once, thread, time::Duration};

use super::bridge::ffi;

/// How often memory is given back. A trim makes the next photos fetch pages anew, which takes
/// some 50 ms of 20 s at worst.
const INTERVAL: Duration = Duration::from_secs(20);
/// Free memory that is not worth a trim, in bytes.
const SPARE: usize = 64 << 20;

/// Starts the thread that trims the heap, once in a process.
///
/// The settings of the allocator keep memory for the next detection, so by themselves they never
/// give any back.
pub(super) fn start_trimming() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let trimming = || {
            loop {
                thread::sleep(INTERVAL);
                ffi::trim_memory(SPARE);
            }
        };
        // Without the thread the process works as well, but keeps its peak.
        let _ = thread::Builder::new().name("memory".to_owned()).spawn(trimming);
    });
}
