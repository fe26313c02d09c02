//! Sources that are odd, stores that are damaged, batches that are killed.
