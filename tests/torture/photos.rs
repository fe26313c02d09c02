//! Hostile photos, each within a budget of time and memory.

pub(crate) mod bits;
mod budget;
mod heap;
mod jpeg;
mod machine;
mod mutation;
mod png;
mod webp;
