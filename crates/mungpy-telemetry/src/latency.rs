//! Quantiles of the last minutes, for an operator's page.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

/// Length of a slice of time.
const SLICE: Duration = Duration::from_secs(60);
/// Whole slices that are kept beside the current one.
const SLICES: u64 = 5;
/// Longest time that is told apart, in microseconds.
const LONGEST: u64 = 600_000_000;
/// Significant digits of a quantile.
const DIGITS: u8 = 2;

/// Quantiles of the last five to six minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantiles {
    /// Number of times that were measured.
    pub count: u64,
    /// Half were shorter.
    pub p50: Duration,
    /// 99 of 100 were shorter.
    pub p99: Duration,
}

/// The times of the last minutes. It takes about 10 kB for each minute with traffic.
pub(crate) struct RecentLatency {
    start: Instant,
    slices: Mutex<VecDeque<(u64, Histogram<u32>)>>,
}

impl RecentLatency {
    pub(crate) fn new(start: Instant) -> Self {
        Self { start, slices: Mutex::default() }
    }

    pub(crate) fn record(&self, elapsed: Duration, now: Instant) {
        let number = self.slice(now);
        let mut slices = self.slices.lock().unwrap_or_else(PoisonError::into_inner);
        forget(&mut slices, number);
        if slices.back().is_none_or(|(last, _)| *last < number) {
            // The bounds are constants that the histogram takes.
            let Ok(histogram) = Histogram::new_with_bounds(1, LONGEST, DIGITS) else { return };
            slices.push_back((number, histogram));
        }
        if let Some((_, histogram)) = slices.back_mut() {
            let micros = u64::try_from(elapsed.as_micros()).unwrap_or(LONGEST);
            histogram.saturating_record(micros.max(1));
        }
    }

    /// The quantiles; `None` without traffic.
    pub(crate) fn quantiles(&self, now: Instant) -> Option<Quantiles> {
        let mut slices = self.slices.lock().unwrap_or_else(PoisonError::into_inner);
        forget(&mut slices, self.slice(now));
        let mut parts = slices.iter().map(|(_, histogram)| histogram);
        let mut whole = parts.next()?.clone();
        for part in parts {
            whole.add(part).ok()?;
        }
        let at = |quantile| Duration::from_micros(whole.value_at_quantile(quantile));
        Some(Quantiles { count: whole.len(), p50: at(0.5), p99: at(0.99) })
    }

    fn slice(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.start).as_secs() / SLICE.as_secs()
    }
}

fn forget(slices: &mut VecDeque<(u64, Histogram<u32>)>, number: u64) {
    while slices.front().is_some_and(|(first, _)| first + SLICES < number) {
        slices.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_last_minutes() {
        let start = Instant::now();
        let latency = RecentLatency::new(start);
        assert_eq!(latency.quantiles(start), None);
        for millis in 1..=100 {
            latency.record(Duration::from_millis(millis), start + SLICE * (millis as u32 % 3));
        }
        let Quantiles { count, p50, p99 } = latency.quantiles(start + SLICE * 3).unwrap();
        assert_eq!(count, 100);
        assert!((49..=52).contains(&p50.as_millis()), "{p50:?}");
        assert!((98..=101).contains(&p99.as_millis()), "{p99:?}");
        assert_eq!(latency.quantiles(start + SLICE * 20), None, "forgotten");
    }

    #[test]
    fn a_time_beyond_every_bound_counts_as_the_longest() {
        let start = Instant::now();
        let latency = RecentLatency::new(start);
        latency.record(Duration::MAX, start);
        latency.record(Duration::ZERO, start);
        let quantiles = latency.quantiles(start).unwrap();
        assert_eq!(quantiles.count, 2);
        assert!(quantiles.p99.as_secs() >= 600);
    }
}
