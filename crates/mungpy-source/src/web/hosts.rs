//! How many requests a host gets at a time, and which hosts have failed so often that they are left alone.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

/// Hosts that are remembered before idle ones are forgotten.
const REMEMBERED: usize = 1024;

/// Requests to a host that may fail one after the other, each tried several times, before it is left
/// alone. Otherwise one dead host would hold up all others.
const PATIENCE: u32 = 5;
/// How long it is left alone.
const REST: Duration = Duration::from_secs(300);

/// Gives out turns, each host its own.
#[derive(Debug)]
pub(super) struct Hosts {
    per_host: usize,
    turns: Mutex<HashMap<String, Arc<Semaphore>>>,
    failures: Mutex<HashMap<String, Failures>>,
}

/// Failures of a host one after the other.
#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Hosts {
    pub(super) fn new(per_host: usize) -> Self {
        Self {
            per_host: per_host.clamp(1, Semaphore::MAX_PERMITS),
            turns: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// Waits for a turn with the host of an address. The turn ends when it is dropped.
    pub(super) async fn turn(&self, url: &Url) -> OwnedSemaphorePermit {
        let turns = self.turns_of(url.host_str().unwrap_or_default());
        turns.acquire_owned().await.expect("the semaphore is never closed")
    }

    /// How often a host has failed in a row, if it is left alone for now.
    pub(super) fn resting(&self, url: &Url) -> Option<u32> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let of_host = failures.get(url.host_str().unwrap_or_default())?;
        let is_resting = of_host.count >= PATIENCE && of_host.last.elapsed() < REST;
        is_resting.then_some(of_host.count)
    }

    /// Notes whether a host has answered at all.
    pub(super) fn note(&self, url: &Url, has_answered: bool) {
        let host = url.host_str().unwrap_or_default();
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if has_answered {
            failures.remove(host);
            return;
        }
        if failures.len() >= REMEMBERED {
            failures.retain(|_, failures| failures.last.elapsed() < REST);
        }
        let now = Instant::now();
        let of_host = failures.entry(host.to_owned()).or_insert(Failures { count: 0, last: now });
        *of_host = Failures { count: of_host.count.saturating_add(1), last: now };
    }

    fn turns_of(&self, host: &str) -> Arc<Semaphore> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= REMEMBERED {
            // Whoever waits for a turn or has one holds the semaphore as well.
            turns.retain(|_, turns| Arc::strong_count(turns) > 1);
        }
        let fresh = || Arc::new(Semaphore::new(self.per_host));
        Arc::clone(turns.entry(host.to_owned()).or_insert_with(fresh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_fails_again_and_again_is_left_alone_until_it_answers() {
        let hosts = Hosts::new(1);
        let [dead, alive] = ["http://dead.example/a", "http://alive.example/"]
            .map(|url| url.parse::<Url>().unwrap());
        for _ in 0..PATIENCE {
            assert_eq!(hosts.resting(&dead), None);
            hosts.note(&dead, false);
        }
        assert_eq!((hosts.resting(&dead), hosts.resting(&alive)), (Some(PATIENCE), None));
        hosts.note(&dead, true);
        assert_eq!(hosts.resting(&dead), None);
    }

    #[tokio::test]
    async fn idle_hosts_are_forgotten_and_busy_ones_are_not() {
        let hosts = Hosts::new(1);
        let busy: Url = "http://busy.example/".parse().unwrap();
        let turn = hosts.turn(&busy).await;
        for number in 0..3 * REMEMBERED {
            let url = format!("http://{number}.example/");
            drop(hosts.turn(&url.parse().unwrap()).await);
        }
        assert!(hosts.turns.lock().unwrap().len() <= REMEMBERED);
        let turns = hosts.turns_of("busy.example");
        assert_eq!(turns.available_permits(), 0);
        drop(turn);
        assert_eq!(turns.available_permits(), 1);
    }
}
