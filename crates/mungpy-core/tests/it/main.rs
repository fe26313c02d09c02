//! The pure core on composites and on faces made up by chance.

mod face;
mod search;
