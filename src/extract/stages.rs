//! How long the stages take, for `scripts/compare-gpu`.

use std::time::Instant;

/// Log lines that tell microseconds of stages have this target.
pub(crate) const STAGES: &str = "mungpy::stages";

/// A watch that is read at the end of each stage.
pub(crate) struct Stages(Instant);

impl Stages {
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    /// Microseconds since the last reading.
    pub(crate) fn end(&mut self) -> u64 {
        let begun = std::mem::replace(&mut self.0, Instant::now());
        u64::try_from((self.0 - begun).as_micros()).unwrap_or(u64::MAX)
    }
}
