//! Where adoptable dogs come from.
//!
//! A [`DogSource`] lists the dogs that can be adopted now: who they are, where their photos lie, and
//! what people should know about them. It measures nothing and stores nothing.
//!
//! - [`FolderSource`]: a folder of photos
//! - `PostgresSource`: a PostgreSQL database, with the feature `postgres`
//! - [`web`]: the one client that fetches listings and photos, within limits

#[cfg(feature = "postgres")]
mod database;
mod details;
mod error;
mod folder;
mod listing;
pub mod web;

#[cfg(feature = "postgres")]
pub use database::PostgresSource;
pub use error::SourceError;
pub use folder::{FolderSource, photos_in, sorted_entries};
pub use listing::{DogSource, Fault, ListRequest, ListedDog, ListedPhoto, Listing, PhotoPlace};

/// Largest list of dogs. 300,000 dogs with all traits take about 60 MB.
pub const MAX_LIST_BYTES: u64 = 256 << 20;
