//! The one client that fetches listings and photos.
//!
//! It asks http and https addresses only, bounds bytes, time and redirects, and tries again what
//! failed for a moment. It blocks the calling thread.

mod address;
mod attempt;
mod error;
mod failure;
mod hop;
mod hosts;
mod network;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use reqwest::{Client, header::HeaderMap, redirect};
use tokio::runtime::{self, Runtime};
use url::Url;

pub(crate) use address::{bare, place};
pub use address::{parse_address, resolve_address};
pub use error::WebError;

use attempt::Fetcher;
use failure::Failure;
use hosts::Hosts;
use network::{Reach, Resolver};

/// Name resolutions at a time. One cannot be interrupted, so slow ones must not use up all threads.
const RESOLUTIONS: usize = 32;

/// How the client behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOptions {
    /// Whether private, loopback and link-local addresses may be asked.
    pub allow_private_addresses: bool,
    /// Requests at a time to one host.
    pub per_host: usize,
    /// Longest time for one attempt, from the first to the last byte. It does not run while the
    /// attempt waits for its turn with the host.
    pub timeout: Duration,
    /// Attempts for what fails for a moment, at least one.
    pub attempts: usize,
    /// Pause before the second attempt; each further one is twice as long, plus a random part.
    pub first_delay: Duration,
    /// Longest pause between attempts.
    pub max_delay: Duration,
    /// Longest pause that a server may ask for. If it asks for more, it is not asked again now.
    pub max_retry_after: Duration,
}

impl Default for WebOptions {
    fn default() -> Self {
        Self {
            allow_private_addresses: false,
            per_host: 4,
            timeout: Duration::from_secs(30),
            attempts: 4,
            first_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(10),
            max_retry_after: Duration::from_secs(60),
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
    // Dropped first, while the runtime that drives its connections is there.
    fetcher: Arc<Fetcher>,
    background: Arc<Background>,
}

impl WebClient {
    /// Creates a client.
    ///
    /// # Errors
    /// The system grants no thread or no store of certificates.
    pub fn new(options: WebOptions) -> Result<Self, WebError> {
        let reach: Reach =
            if options.allow_private_addresses { network::anywhere } else { network::is_public };
        Self::reaching(options, reach)
    }

    fn reaching(options: WebOptions, reach: Reach) -> Result<Self, WebError> {
        // Another part of the program may have chosen one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let failed = |detail: String| WebError::Unreachable { place: "the web".to_owned(), detail };
        let background = Background::new().map_err(|error| failed(error.to_string()))?;
        let client = client(reach).map_err(|error| failed(failure::innermost(&error)))?;
        let hosts = Hosts::new(options.per_host);
        let fetcher = Fetcher { options, client, hosts, reach };
        Ok(Self { fetcher: Arc::new(fetcher), background: Arc::new(background) })
    }

    /// Refuses an address that is not http or https, holds a password, or is written as an address
    /// that must not be asked. A name is resolved only when it is asked.
    pub fn check_address(&self, url: &Url) -> Result<(), WebError> {
        address::checked(url)?;
        network::check_host(url, self.fetcher.reach)
    }

    /// Asks and waits for the answer. It blocks, so asynchronous code must not call it.
    pub fn fetch(&self, request: &WebRequest) -> Result<WebAnswer, WebError> {
        let hosts = &self.fetcher.hosts;
        if let Some(count) = hosts.resting(&request.url) {
            let detail =
                format!("the host failed {count} times in a row and is left alone for now");
            return Err(WebError::Unreachable { place: place(&request.url), detail });
        }
        let fetched = self.background.wait(self.fetched(request)).map_err(|failure| failure.error);
        hosts.note(&request.url, !matches!(fetched, Err(WebError::Unreachable { .. })));
        fetched
    }

    async fn fetched(&self, request: &WebRequest) -> Result<WebAnswer, Failure> {
        let options = &self.fetcher.options;
        let pauses = ExponentialBuilder::new()
            .with_min_delay(options.first_delay)
            .with_max_delay(options.max_delay)
            .with_max_times(options.attempts.saturating_sub(1))
            .with_jitter();
        (|| self.fetcher.attempt(request))
            .retry(pauses)
            .when(|failure| failure.is_transient)
            .adjust(|failure, pause| {
                let wait = failure.wait.unwrap_or_default();
                pause.filter(|_| wait <= options.max_retry_after).map(|pause| pause.max(wait))
            })
            .notify(|failure, pause| tracing::debug!("{}; again in {pause:?}", failure.error))
            .await
    }
}

/// The HTTP client below: one request is one request, with nothing added by the environment.
fn client(reach: Reach) -> reqwest::Result<Client> {
    Client::builder()
        .user_agent(concat!("mungpy/", env!("CARGO_PKG_VERSION")))
        // A proxy would resolve names by itself, and so lead past the resolver.
        .no_proxy()
        .no_hickory_dns()
        .dns_resolver(Arc::new(Resolver { reach }))
        .redirect(redirect::Policy::none())
        .referer(false)
        // Other crates of a build may switch these on.
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .http1_only()
        .build()
}

/// The runtime that drives the connections. Its deadlines hold for whole attempts, while those of
/// `reqwest::blocking` hold for single reads.
#[derive(Debug)]
struct Background(Option<Runtime>);

impl Background {
    fn new() -> std::io::Result<Self> {
        runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(RESOLUTIONS)
            .thread_name("web")
            .enable_all()
            .build()
            .map(|runtime| Self(Some(runtime)))
    }

    fn wait<T>(&self, task: impl Future<Output = T>) -> T {
        self.0.as_ref().expect("the runtime is there until the drop").block_on(task)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // A name that is still being resolved must not hold up the end of the program.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
