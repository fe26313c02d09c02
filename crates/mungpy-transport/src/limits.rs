//! What callers may use.

use std::time::Duration;

/// Bytes in a mebibyte.
pub const MIB: usize = 1024 * 1024;

/// What callers may use of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time.
    pub connections: usize,
    /// Bytes of all request bodies in flight.
    pub body_memory: usize,
    /// How long the head of a first request may take, and how far a body may fall behind
    /// [`Limits::SLOWEST`].
    pub receive_timeout: Duration,
    /// How long a connection may stay open without a request.
    pub idle_timeout: Duration,
    /// How long requests in flight may take after the signal to stop.
    pub grace: Duration,
}

impl Limits {
    /// What callers may use unless a setting says otherwise.
    pub const DEFAULT: Self = Self {
        connections: 1024,
        body_memory: 256 * MIB,
        receive_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_secs(120),
        grace: Duration::from_secs(20),
    };
    /// Bytes a second of the slowest body that is waited for.
    pub const SLOWEST: u64 = 16 * 1024;
    /// Memory that each request costs beside its body.
    pub const REQUEST_COST: usize = 32 * 1024;
    /// Memory that each frame of a body costs beside its bytes.
    pub const FRAME_COST: usize = 64;
    /// Streams that one HTTP/2 connection may have open.
    pub const STREAMS: u32 = 128;
    /// Bytes of the head of a request.
    pub const HEAD: usize = 32 * 1024;
    /// How often to ask an HTTP/2 caller whether it is still there.
    pub const PING_INTERVAL: Duration = Duration::from_secs(30);
    /// How long it may take to answer.
    pub const PING_TIMEOUT: Duration = Duration::from_secs(10);

    /// A time that a setting names in seconds: at least one, at most a day.
    pub fn seconds(setting: u64) -> Duration {
        Duration::from_secs(setting.clamp(1, 24 * 3600))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/2 without TLS, as gRPC needs it.
    Http2,
    /// HTTP/1.1, and HTTP/2 for those who begin with it.
    Any,
}
