//! Memory and processor time of the server, from `/proc`.

use std::fs;

/// Clock ticks a second of `/proc`, which Linux fixes for programs.
const TICKS: f64 = 100.0;

/// A process that is watched.
pub(crate) struct Process(u32);

/// Its state at a moment.
pub(crate) struct State {
    resident_kib: u64,
    processor_seconds: f64,
}

impl Process {
    pub(crate) fn new(pid: u32) -> Self {
        Self(pid)
    }

    pub(crate) fn state(&self) -> State {
        let read =
            |name| fs::read_to_string(format!("/proc/{}/{name}", self.0)).unwrap_or_default();
        let status = read("status");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.and_then(|text| text.trim().trim_end_matches(" kB").trim().parse().ok());
        // The name in brackets may hold spaces.
        let stat = read("stat");
        let fields: Vec<&str> =
            stat.rsplit(") ").next().unwrap_or_default().split_whitespace().collect();
        let ticks = |field: usize| fields.get(field).and_then(|text| text.parse::<f64>().ok());
        let both: f64 = [11, 12].into_iter().filter_map(ticks).sum();
        State { resident_kib: kib.unwrap_or(0), processor_seconds: both / TICKS }
    }

    /// How it has changed.
    pub(crate) fn compared(&self, before: &State) -> String {
        let now = self.state();
        format!(
            "server: {} MiB before, {} MiB after; {:.2} s of processor time",
            before.resident_kib / 1024,
            now.resident_kib / 1024,
            now.processor_seconds - before.processor_seconds
        )
    }
}
