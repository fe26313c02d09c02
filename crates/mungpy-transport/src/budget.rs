//! The memory that all request bodies may hold together.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use mungpy_core::reason::{Reason, WithReason};

/// The memory that all request bodies may hold together.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Account>);

#[derive(Debug)]
struct Account {
    limit: usize,
    used: AtomicUsize,
}

/// The budget is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the requests in flight hold all of the {limit} bytes that they may; try again")]
pub struct Spent {
    /// Bytes of the budget.
    pub limit: usize,
}

impl WithReason for Spent {
    fn reason(&self) -> Reason {
        Reason::Overloaded
    }
}

/// What one request holds of the budget. The last clone gives it back.
///
/// A request has it among its extensions. Whoever keeps the content of a body longer than the
/// request itself lives keeps a clone beside it.
#[derive(Debug, Clone)]
pub struct Charge(Arc<Held>);

#[derive(Debug)]
struct Held {
    budget: Budget,
    bytes: AtomicUsize,
}

impl Budget {
    /// A budget of `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Account { limit, used: AtomicUsize::new(0) }))
    }

    /// A charge of nothing yet.
    pub fn charge(&self) -> Charge {
        Charge(Arc::new(Held { budget: self.clone(), bytes: AtomicUsize::new(0) }))
    }
}

impl Charge {
    /// A charge of nothing yet, on the same budget.
    #[must_use]
    pub fn another(&self) -> Self {
        self.0.budget.charge()
    }

    /// Bytes that are held.
    pub fn bytes(&self) -> usize {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Takes more of the budget.
    pub fn add(&self, bytes: usize) -> Result<(), Spent> {
        let account = &self.0.budget.0;
        let take = |used: usize| {
            let used = used.checked_add(bytes)?;
            (used <= account.limit).then_some(used)
        };
        let taken = account.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.map_err(|_| Spent { limit: account.limit })?;
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Gives a part back before the request ends, as a long stream must: at most what is held.
    pub fn give_back(&self, bytes: usize) {
        let give = |held: usize| Some(held.saturating_sub(bytes));
        let before = self.0.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, give);
        let given = bytes.min(before.unwrap_or_default());
        self.0.budget.0.used.fetch_sub(given, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.0.used.fetch_sub(*self.bytes.get_mut(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_comes_back_with_the_last_clone() {
        let budget = Budget::new(10);
        let (first, second) = (budget.charge(), budget.charge());
        first.add(6).unwrap();
        second.add(4).unwrap();
        assert_eq!(second.add(1), Err(Spent { limit: 10 }));
        assert!(second.add(usize::MAX).is_err());
        let kept = first.clone();
        drop(first);
        assert!(second.add(1).is_err());
        drop(kept);
        second.add(6).unwrap();
    }

    #[test]
    fn no_more_is_given_back_than_is_held() {
        let budget = Budget::new(10);
        let (first, second) = (budget.charge(), budget.charge());
        first.add(6).unwrap();
        first.give_back(2);
        second.add(6).unwrap();
        assert!(second.add(1).is_err());
        first.give_back(100);
        assert_eq!(first.bytes(), 0);
        second.add(4).unwrap();
        drop((first, second));
        budget.charge().add(10).unwrap();
    }
}
