//! Fuzz targets: the readers of bytes from outside, and what holds whatever the bytes are.
//!
//! Each target replays its corpus (`__fuzz__`), takes some random bytes, and damages the files of
//! the corpus. `make fuzz` lets libFuzzer search for longer; CONTRIBUTING.md says what to do with
//! what it finds.
#![allow(missing_docs)]

mod catalogue;
#[path = "../it/common.rs"]
mod common;
mod damage;
mod forms;
mod headers;
mod models;
mod photos;
mod png;
mod requests;
mod seeds;
