//! Follows the history of the batch, whichever process runs it, for the metrics.

use std::{sync::Arc, time::Duration};

use mungpy_core::reason::Reason;
use mungpy_telemetry::{BatchOutcome, DogOutcome, EngineMetrics};

use crate::{
    batch::{History, Run, RunEnd},
    catalogue::DataDir,
};

/// How often to look.
const INTERVAL: Duration = Duration::from_secs(10);

/// Tells the metrics of each run that has ended, for ever.
pub(super) async fn watch(data_dir: DataDir, metrics: Arc<EngineMetrics>) {
    loop {
        let history = History::of(&data_dir);
        // A history that cannot be read now may be at the next look; the batch itself complains.
        if let Ok(Ok(runs)) = tokio::task::spawn_blocking(move || history.read()).await {
            tell(&runs, &metrics);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

fn tell(runs: &[Run], metrics: &EngineMetrics) {
    let mut ended = runs.iter().filter(|run| run.end.is_some() && run.ended_at.is_some());
    let succeeded = ended.clone().rfind(|run| is_success(run));
    let Some(last) = ended.next_back() else { return };
    if let Some(outcome) = outcome(last) {
        metrics.batch_ended(&outcome);
    }
    if let Some(success) = succeeded.and_then(|run| run.ended_at) {
        metrics.batch_succeeded(success.into());
    }
}

fn is_success(run: &Run) -> bool {
    matches!(run.end, Some(RunEnd::Published | RunEnd::Unchanged))
}

fn outcome(run: &Run) -> Option<BatchOutcome> {
    let ended = run.ended_at?;
    let done = [
        (DogOutcome::Enrolled, run.enrolled),
        (DogOutcome::Updated, run.updated),
        (DogOutcome::Unchanged, run.unchanged),
        (DogOutcome::Removed, run.removed),
    ];
    let done = done.into_iter().map(|(outcome, dogs)| (outcome, None, dogs));
    let refused = run.refusals.iter();
    let refused = refused.map(|(code, dogs)| (DogOutcome::Refused, Reason::from_code(code), *dogs));
    Some(BatchOutcome {
        ended: ended.into(),
        duration: (ended - run.started_at).to_std().unwrap_or_default(),
        is_success: is_success(run),
        dogs: done.chain(refused).collect(),
    })
}
