//! The one client that fetches listings and photos.
//!
//! It asks http and https addresses only, bounds bytes, time and redirects, and tries again what
//! failed for a moment. It blocks the calling thread.

mod error;

use std::time::Duration;

use reqwest::header::HeaderMap;
use url::Url;

pub use error::WebError;

/// How the client behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOptions {
    /// Whether private, loopback and link-local addresses may be asked.
    pub allow_private_addresses: bool,
    /// Requests at a time to one host.
    pub per_host: usize,
    /// Longest time for one attempt, from the first to the last byte.
    pub timeout: Duration,
    /// Attempts for what fails for a moment, at least one.
    pub attempts: usize,
}

impl Default for WebOptions {
    fn default() -> Self {
        Self {
            allow_private_addresses: false,
            per_host: 4,
            timeout: Duration::from_secs(30),
            attempts: 4,
        }
    }
}

/// What to ask for.
#[derive(Debug, Clone)]
pub struct WebRequest {
    /// The address.
    pub url: Url,
    /// Further headers, such as a key.
    pub headers: HeaderMap,
    /// JSON to post; `None` gets.
    pub post: Option<serde_json::Value>,
    /// Largest answer, in bytes.
    pub limit: u64,
    /// What an earlier answer of this address was known by.
    pub known: Option<Validators>,
}

impl WebRequest {
    /// Gets an address, with at most `limit` bytes.
    pub fn get(url: Url, limit: u64) -> Self {
        Self { url, headers: HeaderMap::new(), post: None, limit, known: None }
    }
}

/// What an answer is known by, for conditional requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// The entity tag.
    pub etag: Option<String>,
    /// The date of the last modification, as the server wrote it.
    pub last_modified: Option<String>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebAnswer {
    /// What was asked for.
    Content {
        /// The bytes.
        bytes: Vec<u8>,
        /// What it is known by.
        validators: Validators,
    },
    /// It is as the request knows it.
    NotModified,
}

/// Fetches listings and photos. A clone shares connections and limits.
#[derive(Debug, Clone)]
pub struct WebClient {
    options: WebOptions,
    client: reqwest::blocking::Client,
}

impl WebClient {
    /// Creates a client.
    ///
    /// # Errors
    /// The system grants no thread or no store of certificates.
    pub fn new(options: WebOptions) -> Result<Self, WebError> {
        // Another part of the program may have chosen one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::blocking::Client::builder()
            .timeout(options.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| WebError::Unreachable {
                place: "the client".to_owned(),
                detail: error.to_string(),
            })?;
        Ok(Self { options, client })
    }

    /// Asks and waits for the answer.
    pub fn fetch(&self, request: &WebRequest) -> Result<WebAnswer, WebError> {
        todo!("{request:?} {:?} {:?}", self.options, self.client)
    }
}
