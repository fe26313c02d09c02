//! Integration tests, grouped by behaviour. Those that need the photos or models of `../shared` are
//! ignored by default; `make test-shared` runs them.

mod common;

mod access;
mod batch;
mod catalogue;
mod catalogue_service;
mod collector;
mod commands;
mod daemon;
#[cfg(feature = "postgres")]
mod database;
mod expiry;
mod extraction;
mod gateway;
mod match_service;
mod models;
mod nightly;
mod photos;
mod privacy;
mod pushed;
mod readiness;
mod reload;
#[path = "../../crates/mungpy-source/tests/it/server.rs"]
#[allow(dead_code, reason = "it serves other tests as well")]
mod server;
mod service;
mod slow;
