//! Log lines that repeat.

use std::time::{Duration, Instant};

/// Time between two lines.
const INTERVAL: Duration = Duration::from_secs(10);

/// Something that may happen often and is logged now and then.
#[derive(Debug, Default)]
pub(crate) struct Occasional {
    times: u64,
    logged: Option<Instant>,
}

impl Occasional {
    /// Counts one more time; returns the times since the last line if a line is due.
    pub(crate) fn happened(&mut self) -> Option<u64> {
        self.times += 1;
        if self.logged.is_some_and(|logged| logged.elapsed() < INTERVAL) {
            return None;
        }
        self.logged = Some(Instant::now());
        Some(std::mem::take(&mut self.times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_time_is_logged_at_once_and_the_next_ones_together() {
        let mut often = Occasional::default();
        assert_eq!(often.happened(), Some(1));
        assert_eq!((often.happened(), often.happened()), (None, None));
        often.logged = Instant::now().checked_sub(INTERVAL);
        assert_eq!(often.happened(), Some(3));
    }
}
