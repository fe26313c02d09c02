//! The pure core, tested on composites and on random faces.

mod face;
mod search;
