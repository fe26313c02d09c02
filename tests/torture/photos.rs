//! Hostile photos, each within a budget of time and memory.
