//! Whether the system grants the memory that measuring takes.

use mungpy_core::reason::{Reason, WithReason};
use rustix::process::{Resource, getrlimit};

/// Address space that a worker takes, as tried with one to four. OpenBLAS alone reserves 128 MiB for
/// each thread that multiplies, and if it does not get them it tries for ever.
const WORKER_BYTES: usize = 400 << 20;

/// The system grants less memory than the workers take.
#[derive(Debug, thiserror::Error)]
#[error(
    "the limit of memory (ulimit -v) leaves less than the {} MiB that {workers} workers take; raise it or run with fewer --workers",
    (workers * WORKER_BYTES) >> 20
)]
pub struct MemoryShort {
    workers: usize,
}

impl WithReason for MemoryShort {
    fn reason(&self) -> Reason {
        Reason::MemoryShort
    }
}

/// Checks that a limit on the address space leaves room for a number of workers. Without a limit
/// nothing is checked.
pub fn check_memory(workers: usize) -> Result<(), MemoryShort> {
    if getrlimit(Resource::As).current.is_none() {
        return Ok(());
    }
    let mut held: Vec<Vec<u8>> = Vec::new();
    for _ in 0..workers {
        let mut room = Vec::new();
        room.try_reserve_exact(WORKER_BYTES).map_err(|_| MemoryShort { workers })?;
        held.push(room);
    }
    Ok(())
}
