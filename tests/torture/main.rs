//! Attacks on the whole: hostile photos, callers who misbehave, disks that fail, runs that are
//! killed. Each promise of SECURITY.md has a test here.
//!
//! Some take long and are ignored by default; `make torture` runs them all.
#![allow(missing_docs)]

#[path = "../it/common.rs"]
mod common;
mod nightly;
mod photos;
mod service;
mod storage;
