//! Callers who are slow, many, or gone; logs that nobody reads.
