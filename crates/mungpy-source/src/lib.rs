//! Where adoptable dogs come from.
//!
//! A [`DogSource`] lists the dogs that can be adopted now: who they are, where their photos lie, and
//! what people should know about them. It measures nothing.
//!
//! - [`FolderSource`]: a folder of photos
//! - `PostgresSource`: a PostgreSQL database, with the feature `postgres`
//! - [`ManifestSource`]: a list in JSON or CSV, in a folder or on the web
//! - [`KoreaSource`], [`RescueGroupsSource`], [`ShelterluvSource`], [`AsmSource`]: services of shelters
//! - [`pushed`]: dogs that callers push, the only source that keeps what it lists
//! - [`SourceConfig`]: any of them, as the configuration names it
//! - [`web`]: the one client that fetches listings and photos, within limits

mod asm;
mod attributes;
mod config;
#[cfg(feature = "postgres")]
mod database;
mod details;
mod error;
mod feed;
mod folder;
mod korea;
mod listing;
mod manifest;
mod named;
mod notice;
mod paging;
pub mod pushed;
mod rescuegroups;
mod rows;
mod secret;
mod shelterluv;
pub mod web;
mod words;

pub use asm::AsmSource;
pub use config::{ConfigError, ManifestPlace, SourceConfig, SourceKind, check};
#[cfg(feature = "postgres")]
pub use database::PostgresSource;
pub use error::SourceError;
pub use folder::{FolderSource, photos_in, sorted_entries};
pub use korea::KoreaSource;
pub use listing::{DogSource, Fault, ListRequest, ListedDog, ListedPhoto, Listing, PhotoPlace};
pub use manifest::{ADOPTABLE, ManifestSource};
pub use rescuegroups::RescueGroupsSource;
pub use shelterluv::ShelterluvSource;

/// Largest list of dogs. 300,000 dogs with all traits take about 60 MB.
pub const MAX_LIST_BYTES: u64 = 256 << 20;
