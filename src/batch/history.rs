//! The last runs of the batch, and the one that is under way.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, SecondsFormat, Utc};
use mungpy_core::reason::{Reason, WithReason};
use serde::{Deserialize, Serialize};

use super::{BatchError, BatchReport};
use crate::{
    catalogue::{CatalogueError, DataDir, PARTIAL_RUN, partial},
    files,
};

/// Number of runs that are kept.
const KEPT_RUNS: usize = 100;
/// Largest file of runs that is read.
const MAX_BYTES: u64 = 16 << 20;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RunEnd {
    /// It published a catalogue.
    Published,
    /// Nothing had changed.
    Unchanged,
    /// It failed with a reason.
    Failed,
    /// Somebody stopped it.
    Cancelled,
    /// The process was killed. The next run went on where it was.
    Interrupted,
}

/// One run, as `mungpy batch history` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended; unknown if it was killed.
    pub ended_at: Option<DateTime<Utc>>,
    /// What started it: `manual`, `scheduled` and so on.
    pub trigger: String,
    /// How it ended; `None` while it is under way.
    pub end: Option<RunEnd>,
    /// Stable code of the reason if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reason in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whether it was allowed to leave dogs for the next run.
    #[serde(default)]
    pub is_part: bool,
    /// Dogs that were done, of all that were listed.
    pub done: usize,
    /// Dogs that were listed.
    pub listed: usize,
    /// Version of the catalogue after the run.
    #[serde(default)]
    pub version: u64,
    /// Dogs in the catalogue after the run.
    #[serde(default)]
    pub dogs: usize,
    /// Dogs measured.
    #[serde(default)]
    pub enrolled: usize,
    /// Dogs for which only what the source says has changed.
    #[serde(default)]
    pub updated: usize,
    /// Dogs without changes.
    #[serde(default)]
    pub unchanged: usize,
    /// Dogs that are gone.
    #[serde(default)]
    pub removed: usize,
    /// Number of refusals for each reason.
    #[serde(default)]
    pub refusals: BTreeMap<String, usize>,
}

impl Run {
    pub(super) fn begun(trigger: &str, is_part: bool, now: DateTime<Utc>) -> Self {
        Self {
            started_at: now,
            ended_at: None,
            trigger: trigger.to_owned(),
            end: None,
            is_part,
            reason: None,
            message: None,
            done: 0,
            listed: 0,
            version: 0,
            dogs: 0,
            enrolled: 0,
            updated: 0,
            unchanged: 0,
            removed: 0,
            refusals: BTreeMap::new(),
        }
    }

    pub(super) fn ended(
        mut self,
        result: &Result<BatchReport, BatchError>,
        now: DateTime<Utc>,
    ) -> Self {
        self.ended_at = Some(now);
        match result {
            Ok(report) => {
                self.end =
                    Some(if report.published { RunEnd::Published } else { RunEnd::Unchanged });
                (self.version, self.dogs) = (report.version, report.dogs);
                (self.enrolled, self.updated) = (report.enrolled, report.updated);
                (self.unchanged, self.removed) = (report.unchanged, report.removed);
                let counts = report.refusals_by_reason().into_iter();
                self.refusals = counts.map(|(code, count)| (code.to_owned(), count)).collect();
            }
            Err(error) => {
                let is_cancelled = matches!(error, BatchError::Cancelled { .. });
                self.end = Some(if is_cancelled { RunEnd::Cancelled } else { RunEnd::Failed });
                self.reason = Some(error.reason().code().to_owned());
                self.message = Some(error.to_string());
            }
        }
        self
    }

    /// The run after a bug ended it.
    pub(super) fn panicked(self, now: DateTime<Utc>) -> Self {
        Self {
            ended_at: Some(now),
            end: Some(RunEnd::Failed),
            reason: Some(Reason::Internal.code().to_owned()),
            message: Some("the batch panicked; see the log of the server".to_owned()),
            ..self
        }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let began = self.started_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let took = self.ended_at.map(|ended| (ended - self.started_at).num_seconds());
        let took = took.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds} s"));
        let end = match self.end {
            None => "under way",
            Some(RunEnd::Published) => "published",
            Some(RunEnd::Unchanged) => "unchanged",
            Some(RunEnd::Failed) => "failed",
            Some(RunEnd::Cancelled) => "cancelled",
            Some(RunEnd::Interrupted) => "interrupted",
        };
        write!(f, "{began}  {took:>8}  {end:<12} {:<24} ", self.trigger)?;
        match &self.reason {
            Some(reason) => write!(f, "{}/{} dogs [{reason}]", self.done, self.listed),
            None if self.end.is_none_or(|end| end == RunEnd::Interrupted) => {
                write!(f, "{}/{} dogs", self.done, self.listed)
            }
            None => {
                let refused: usize = self.refusals.values().sum();
                write!(
                    f,
                    "version {}: {} dogs; enrolled {}, updated {}, unchanged {}, removed {}, rejected {refused}",
                    self.version,
                    self.dogs,
                    self.enrolled,
                    self.updated,
                    self.unchanged,
                    self.removed
                )
            }
        }
    }
}

/// The runs of a data directory. Only a batch that holds the store writes them.
#[derive(Debug, Clone)]
pub struct History {
    ended: PathBuf,
    current: PathBuf,
}

impl History {
    /// The history of a data directory.
    pub fn of(data_dir: &DataDir) -> Self {
        Self { ended: data_dir.runs_path(), current: data_dir.run_path() }
    }

    /// The runs that are kept, oldest first, and the one under way. Lines that this version does not
    /// understand are left out.
    pub fn read(&self) -> Result<Vec<Run>, CatalogueError> {
        let mut runs = Vec::new();
        for path in [&self.ended, &self.current] {
            match files::read_text(path, MAX_BYTES) {
                Ok(text) => runs.extend(text.lines().filter_map(|l| serde_json::from_str(l).ok())),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(CatalogueError::io(path, error)),
            }
        }
        Ok(runs)
    }

    /// The runs that can be read. The history is not worth a run.
    fn known(&self) -> Vec<Run> {
        let mut runs = self.read().unwrap_or_else(|error| {
            tracing::warn!(%error, "the history of runs is begun anew");
            Vec::new()
        });
        // A process that was killed at the very end leaves its run twice.
        runs.dedup_by_key(|run| run.started_at);
        runs
    }

    /// When the last run began that ended by itself.
    pub fn last_complete(&self) -> Option<DateTime<Utc>> {
        let runs = self.read().ok()?.into_iter().rev();
        let is_complete = |run: &Run| {
            matches!(run.end, Some(RunEnd::Published | RunEnd::Unchanged)) && !run.is_part
        };
        runs.filter(is_complete).map(|run| run.started_at).next()
    }

    /// Begins a run. One that was killed before is noted as interrupted.
    pub(super) fn begin(&self, run: Run) -> Result<Journal, CatalogueError> {
        let mut runs = self.known();
        if let Some(killed) = runs.last_mut().filter(|run| run.end.is_none()) {
            killed.end = Some(RunEnd::Interrupted);
            let (done, listed) = (killed.done, killed.listed);
            tracing::warn!(done, listed, "the last run was killed; this one goes on where it was");
            self.keep(&runs)?;
        }
        let journal = Journal { history: self.clone(), run };
        journal.write()?;
        Ok(journal)
    }

    fn keep(&self, runs: &[Run]) -> Result<(), CatalogueError> {
        let last = &runs[runs.len().saturating_sub(KEPT_RUNS)..];
        replace(&self.ended, &last.iter().map(line).collect::<String>())
    }
}

/// The run under way. What it has done so far is on the disk.
pub(super) struct Journal {
    history: History,
    run: Run,
}

impl Journal {
    /// Notes how far the run is.
    pub(super) fn progress(&mut self, done: usize, listed: usize) -> Result<(), CatalogueError> {
        (self.run.done, self.run.listed) = (done, listed);
        self.write()
    }

    /// Notes how the run ended.
    pub(super) fn end(
        self,
        result: &Result<BatchReport, BatchError>,
        progress: (usize, usize),
    ) -> Result<(), CatalogueError> {
        let mut runs: Vec<Run> =
            self.history.known().into_iter().filter(|run| run.end.is_some()).collect();
        let run = self.run.ended(result, Utc::now());
        runs.push(Run { done: progress.0, listed: progress.1, ..run });
        self.history.keep(&runs)?;
        let current = &self.history.current;
        fs::remove_file(current).map_err(|error| CatalogueError::io(current, error))
    }

    fn write(&self) -> Result<(), CatalogueError> {
        replace(&self.history.current, &line(&self.run))
    }
}

fn line(run: &Run) -> String {
    let mut line = serde_json::to_string(run).expect("a run is plain data");
    line.push('\n');
    line
}

/// Replaces a small file as a whole.
fn replace(path: &Path, text: &str) -> Result<(), CatalogueError> {
    let io = |error| CatalogueError::io(path, error);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = partial(folder, PARTIAL_RUN, "").map_err(io)?;
    file.write_all(text.as_bytes()).map_err(io)?;
    file.persist(path).map_err(|error| io(error.error))?;
    Ok(())
}
