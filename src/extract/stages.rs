//! How long the stages take.

use std::time::{Duration, Instant};

use mungpy_telemetry::{Stage, trace};
use tracing::{Span, span::EnteredSpan};

/// Log lines that tell microseconds of stages have this target; `scripts/compare-gpu` reads them.
pub(crate) const STAGES: &str = "mungpy::stages";

/// How long each stage of measuring took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StageTimes {
    /// Bytes to pixels.
    pub decode: Duration,
    /// Pixels to boxes of faces.
    pub detect: Duration,
    /// Boxes to landmarks.
    pub landmarks: Duration,
    /// Landmarks to proportions, with the description of the whole face.
    pub describe: Duration,
}

impl StageTimes {
    /// Each stage by its name, in the order in which they run.
    pub fn named(&self) -> [(&'static str, Duration); 4] {
        let Self { decode, detect, landmarks, describe } = *self;
        [("decode", decode), ("detect", detect), ("landmarks", landmarks), ("describe", describe)]
    }
}

/// The span of a stage within the request that is answered now; none in a batch.
pub(crate) fn enter(stage: Stage) -> Option<EnteredSpan> {
    (!Span::current().is_none()).then(|| trace::stage_span(stage).entered())
}

/// A watch that is read at the end of each stage.
pub(crate) struct Stages(Instant);

impl Stages {
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    /// Microseconds since the last reading.
    pub(crate) fn end(&mut self) -> u64 {
        u64::try_from(self.lap().as_micros()).unwrap_or(u64::MAX)
    }

    /// Time since the last reading.
    pub(crate) fn lap(&mut self) -> Duration {
        let begun = std::mem::replace(&mut self.0, Instant::now());
        self.0 - begun
    }
}
