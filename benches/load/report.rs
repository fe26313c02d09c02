//! What came of the requests.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use tonic::Code;

/// What came of one request.
pub(crate) struct Outcome {
    took: Duration,
    refused: Option<Code>,
}

impl Outcome {
    pub(crate) fn of(took: Duration, refused: Option<Code>) -> Self {
        Self { took, refused }
    }
}

/// What came of all requests.
pub(crate) struct Report {
    answered: Vec<Duration>,
    refused: BTreeMap<String, Vec<Duration>>,
}

impl Report {
    pub(crate) fn new(outcomes: Vec<Outcome>) -> Self {
        let (mut answered, mut refused) = (Vec::new(), BTreeMap::<String, Vec<Duration>>::new());
        for Outcome { took, refused: code } in outcomes {
            match code {
                None => answered.push(took),
                Some(code) => refused.entry(format!("{code:?}")).or_default().push(took),
            }
        }
        answered.sort_unstable();
        for times in refused.values_mut() {
            times.sort_unstable();
        }
        Self { answered, refused }
    }

    /// Rates and quantiles, one line for each outcome.
    pub(crate) fn table(&self, elapsed: Duration) -> String {
        let mut table = String::new();
        let mut line = |name: &str, times: &[Duration]| {
            let rate = times.len() as f64 / elapsed.as_secs_f64();
            let ms = |share| quantile(times, share).as_secs_f64() * 1e3;
            let _ = writeln!(
                table,
                "{name:<18} {:>7} {rate:>7.1}/s  p50 {:>7.1} ms  p99 {:>7.1} ms  max {:>7.1} ms",
                times.len(),
                ms(0.5),
                ms(0.99),
                ms(1.0)
            );
        };
        line("answered", &self.answered);
        for (code, times) in &self.refused {
            line(code, times);
        }
        table.pop();
        table
    }
}

/// The time that this share took at most; zero if there are none.
fn quantile(ascending: &[Duration], share: f64) -> Duration {
    let last = ascending.len().saturating_sub(1);
    ascending.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
}
