//! Integration tests, grouped by behaviour. Those that need the photos or models of `../shared` are
//! ignored by default; `make test-shared` runs them.

mod common;

mod batch;
mod catalogue;
mod commands;
#[cfg(feature = "postgres")]
mod database;
mod extraction;
mod gateway;
mod models;
mod photos;
mod privacy;
mod service;
