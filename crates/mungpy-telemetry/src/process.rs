//! The process as Linux sees it, under the names that all clients of Prometheus use.

use std::{
    fmt, fs,
    time::{SystemTime, UNIX_EPOCH},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter},
    registry::Registry,
};

use crate::instruments::constant;

/// Number of the field after the command's name in `/proc/self/stat` that holds the user time; the
/// system time follows.
const USER_TIME: usize = 11;

/// What `/proc` tells at each scrape. What cannot be read is absent.
#[derive(Debug)]
struct Process {
    /// When the metrics began, in seconds since 1970.
    start: f64,
}

pub(crate) fn register_process(registry: &mut Registry) {
    let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    registry.register_collector(Box::new(Process { start }));
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let help = "When the process started, in seconds since 1970";
        constant(&mut encoder, "process_start_time_seconds", help, self.start)?;
        if let Some(bytes) = resident_bytes() {
            let help = "Memory that the process holds, in bytes";
            constant(&mut encoder, "process_resident_memory_bytes", help, bytes)?;
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            let help = "Files and connections that are open";
            constant(&mut encoder, "process_open_fds", help, open.count())?;
        }
        if let Some(seconds) = cpu_seconds() {
            let help = "Processor time of the process, in seconds";
            let name = "process_cpu_seconds";
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(seconds).encode(metric)?;
        }
        Ok(())
    }
}

fn resident_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

fn cpu_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The command's name may hold anything, a parenthesis as well.
    let (_, fields) = text.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(USER_TIME);
    let mut ticks = || times.next()?.parse::<u64>().ok();
    let ticks = ticks()? + ticks()?;
    Some(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}
