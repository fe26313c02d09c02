//! File descriptors, each of which a connection takes one of.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors for everything but connections.
const OTHERS: u64 = 32;
/// Connections that are tried even where descriptors are scarce.
const FEWEST: u64 = 8;

/// Raises the limit of this process as far as needed and allowed; returns the connections, of
/// those that are wanted, for which it suffices.
pub(crate) fn for_connections(wanted: usize) -> usize {
    // Connections that are being closed still have theirs.
    let needed = (wanted as u64).saturating_mul(2).saturating_add(OTHERS);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let allowed = maximum.map_or(needed, |maximum| maximum.min(needed));
    let raised = Rlimit { current: Some(allowed), maximum };
    let limit = match current {
        None => return wanted,
        Some(current) if current >= allowed => current,
        Some(_) if setrlimit(Resource::Nofile, raised).is_ok() => allowed,
        Some(current) => current,
    };
    let possible = limit.saturating_sub(OTHERS).max(FEWEST) as usize;
    if possible < wanted {
        tracing::warn!(wanted, possible, limit, "fewer connections: file descriptors are limited");
    }
    possible.min(wanted)
}
