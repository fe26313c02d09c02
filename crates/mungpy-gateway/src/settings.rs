//! How a gateway runs.

use std::num::NonZeroU32;

use axum::http::HeaderValue;
use ipnet::IpNet;
use mungpy_transport::{Limits, Secret, Tls};

/// How a gateway runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What callers may use.
    pub limits: Limits,
    /// Requests that may be under way at a time, beside those for files of the page.
    pub requests: usize,
    /// Requests a second that each caller may send, if that is bounded.
    pub rate_limit: Option<NonZeroU32>,
    /// The certificate of the gateway; plain text without one.
    pub tls: Option<Tls>,
    /// Addresses of the engines, like `http://engine:50051`. A name that has several addresses
    /// stands for one engine at each.
    pub upstream: Vec<String>,
    /// Certificate authority of the engines, PEM.
    pub upstream_ca: Option<Vec<u8>>,
    /// The token that the engines ask for.
    pub upstream_token: Option<Secret>,
    /// Origins whose pages may ask this gateway.
    pub cors: Vec<HeaderValue>,
    /// Proxies whose word on a caller's address counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether the form of the system before this one is answered as well.
    pub compat: bool,
    /// The token of the operators' page; without one it is off.
    pub ops_token: Option<Secret>,
}

impl Settings {
    /// Requests that may be under way at a time unless a setting says otherwise.
    pub const REQUESTS: usize = 256;

    /// The usual settings, for one engine.
    pub fn for_engine(upstream: &str) -> Self {
        Self {
            limits: Limits::default(),
            requests: Self::REQUESTS,
            rate_limit: None,
            tls: None,
            upstream: vec![upstream.to_owned()],
            upstream_ca: None,
            upstream_token: None,
            cors: Vec::new(),
            trusted_proxies: Vec::new(),
            compat: false,
            ops_token: None,
        }
    }
}
