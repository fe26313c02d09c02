//! The connections that take a place, and which of them to close for a new one.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

use super::connection::Connection;

/// What speaks for keeping a connection when room is needed; the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Worth {
    /// It waits for its caller: worth to be kept until a time.
    Waiting(Instant),
    /// Its answers have begun: it may be closed from a time on, if nothing moves before.
    Answering(Instant),
}

/// The connections that take a place.
#[derive(Default)]
pub(crate) struct Room(Mutex<Places>);

#[derive(Default)]
struct Places {
    next: u64,
    taken: HashMap<u64, Arc<Connection>>,
    /// Those that may be closed now or later.
    spare: BTreeSet<(Worth, u64)>,
}

impl Room {
    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connections that take a place.
    pub(crate) fn taken(&self) -> usize {
        self.places().taken.len()
    }

    /// Gives a new connection a place.
    pub(crate) fn take(&self, make: impl FnOnce(u64) -> Connection) -> Arc<Connection> {
        let mut places = self.places();
        let id = places.next;
        places.next += 1;
        let connection = Arc::new(make(id));
        places.taken.insert(id, Arc::clone(&connection));
        drop(places);
        connection.settle();
        connection
    }

    /// What speaks for keeping a connection has changed. Nothing: it must be kept.
    pub(crate) fn moved(&self, id: u64, before: Option<Worth>, now: Option<Worth>) {
        let mut places = self.places();
        if let Some(before) = before {
            places.spare.remove(&(before, id));
        }
        if let Some(now) = now
            && places.taken.contains_key(&id)
        {
            places.spare.insert((now, id));
        }
    }

    /// The place of a connection is free.
    pub(crate) fn leave(&self, id: u64) {
        let left = self.places().taken.remove(&id);
        // Outside the lock: its last clone looks for its place.
        drop(left);
    }

    /// The connection that may be closed now and is worth least.
    pub(crate) fn least(&self) -> Option<Arc<Connection>> {
        let mut places = self.places();
        while let Some((worth, id)) = places.spare.pop_first() {
            if matches!(worth, Worth::Answering(from) if from > Instant::now()) {
                places.spare.insert((worth, id));
                return None;
            }
            if let Some(connection) = places.taken.get(&id) {
                return Some(Arc::clone(connection));
            }
        }
        None
    }

    /// All that take a place.
    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        self.places().taken.values().cloned().collect()
    }
}
