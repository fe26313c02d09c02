//! How many requests a peer may send.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use mungpy_core::reason::{Reason, WithReason};

/// Peers that are remembered at least, so that each of their requests counts.
const PEERS: usize = 32 * 1024;
/// Seconds of requests that a peer may send at once.
const BURST: u32 = 2;

/// A limit of the requests of each peer: a bucket of tokens for each IPv4 address and each /64 of
/// IPv6, from which one household or machine has as many addresses as it likes.
///
/// It remembers a bounded number of peers. Those who sent nothing for longest are forgotten first.
pub struct RateLimit {
    per_second: NonZeroU32,
    begun: Instant,
    peers: Mutex<Peers>,
}

/// The time at which each peer's bucket is full again, since the beginning.
#[derive(Default)]
struct Peers {
    recent: HashMap<IpAddr, Duration>,
    earlier: HashMap<IpAddr, Duration>,
}

/// A peer sends more requests than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "more than {per_second} requests a second came from this address; try again in {} ms",
    wait.as_millis() + 1
)]
pub struct TooManyRequests {
    /// Requests a second that a peer may send.
    pub per_second: NonZeroU32,
    /// When to try again, from now.
    pub wait: Duration,
}

impl WithReason for TooManyRequests {
    fn reason(&self) -> Reason {
        Reason::RateLimited
    }
}

impl RateLimit {
    /// A limit of so many requests a second for each peer, of which two seconds' may come at once.
    pub fn new(per_second: NonZeroU32) -> Self {
        Self { per_second, begun: Instant::now(), peers: Mutex::default() }
    }

    /// Counts a request of a peer, unless it comes too early.
    pub fn check(&self, peer: IpAddr) -> Result<(), TooManyRequests> {
        self.check_at(peer, self.begun.elapsed())
    }

    fn check_at(&self, peer: IpAddr, now: Duration) -> Result<(), TooManyRequests> {
        let interval = Duration::from_secs(1) / self.per_second.get();
        let tolerance = Duration::from_secs(u64::from(BURST)).saturating_sub(interval);
        let key = key(peer);
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let full = peers.full(&key).unwrap_or(now).max(now);
        let wait = full.saturating_sub(now + tolerance);
        let full = if wait.is_zero() { full + interval } else { full };
        peers.remember(key, full);
        drop(peers);
        if wait.is_zero() {
            return Ok(());
        }
        Err(TooManyRequests { per_second: self.per_second, wait })
    }
}

impl Peers {
    fn full(&self, key: &IpAddr) -> Option<Duration> {
        self.recent.get(key).or_else(|| self.earlier.get(key)).copied()
    }

    fn remember(&mut self, key: IpAddr, full: Duration) {
        if self.recent.len() >= PEERS && !self.recent.contains_key(&key) {
            self.earlier = std::mem::take(&mut self.recent);
        }
        self.recent.insert(key, full);
    }
}

fn key(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn limit(per_second: u32) -> RateLimit {
        RateLimit::new(NonZeroU32::new(per_second).unwrap())
    }

    #[test]
    fn a_burst_is_let_through_and_then_the_rate() {
        let limit = limit(10);
        let peer = "192.0.2.1".parse().unwrap();
        let passed = |now| (0..100).filter(|_| limit.check_at(peer, at(now)).is_ok()).count();
        assert_eq!(passed(0), 20);
        assert_eq!(limit.check_at(peer, at(0)).unwrap_err().wait, at(100));
        assert_eq!((passed(99), passed(100), passed(150), passed(400)), (0, 1, 0, 3));
        assert_eq!(passed(60_000), 20);
    }

    #[test]
    fn the_time_to_wait_is_enough() {
        let limit = limit(3);
        let peer = "127.0.0.1".parse().unwrap();
        let mut now = Duration::ZERO;
        for _ in 0..50 {
            if let Err(refused) = limit.check_at(peer, now) {
                now += refused.wait;
                assert_eq!(limit.check_at(peer, now), Ok(()));
            }
        }
        assert!(now > Duration::from_secs(5));
    }

    #[test]
    fn one_peer_does_not_use_up_what_another_may() {
        let limit = limit(1);
        let spend = |peer: &str| {
            let peer = peer.parse().unwrap();
            (0..10).filter(|_| limit.check_at(peer, at(0)).is_ok()).count()
        };
        assert_eq!((spend("192.0.2.1"), spend("::ffff:192.0.2.1")), (2, 0));
        assert_eq!((spend("192.0.2.2"), spend("2001:db8::1")), (2, 2));
        assert_eq!((spend("2001:db8::ffff:1"), spend("2001:db8:0:1::1")), (0, 2));
    }

    #[test]
    fn the_memory_is_bounded_and_who_asks_often_is_not_forgotten() {
        let limit = limit(1);
        let often = "192.0.2.1".parse().unwrap();
        assert_eq!((0..3).filter(|_| limit.check_at(often, at(0)).is_ok()).count(), 2);
        for number in 0..5 * PEERS as u32 {
            let _ = limit.check_at(IpAddr::V4((0x0a00_0000 + number).into()), at(0));
            if number % 1000 == 0 {
                assert!(limit.check_at(often, at(0)).is_err());
            }
        }
        let peers = limit.peers.lock().unwrap();
        assert!(peers.recent.len() + peers.earlier.len() <= 2 * PEERS);
    }
}
