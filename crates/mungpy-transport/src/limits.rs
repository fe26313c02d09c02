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
    /// How long a TLS handshake and the head of a first request may take together, and how far a
    /// body may fall behind [`Limits::SLOWEST`]. An answer that has begun counts as idle if nothing
    /// was sent or received for as long and the application is not at work for it (see
    /// [`Pace`](crate::Pace)): its connection may then be closed to make room for another, and the
    /// drain does not wait for it.
    pub receive_timeout: Duration,
    /// How long a connection may stay open without a request, and how long a part of an answer may
    /// wait for the caller to take it. A connection that has become old with nothing but idle answers
    /// may stay open as long, too.
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
    /// Bytes of the largest HTTP/2 frame that is taken.
    pub const FRAME: u32 = 16 * 1024;
    /// Bytes that may wait unread in one HTTP/2 stream: of a request here, of an answer in a client.
    pub const STREAM_WINDOW: u32 = 256 * 1024;
    /// Bytes that may wait unread in an HTTP/2 connection: those of sixteen streams, so that a few
    /// which are not read on do not hold up the others.
    pub const CONNECTION_WINDOW: u32 = 16 * Self::STREAM_WINDOW;
    /// Streams that an HTTP/2 caller may reset before the server has looked at them.
    pub const RESETS: usize = 20;
    /// Streams that the server may reset for faults of an HTTP/2 caller.
    pub const FAULTS: usize = 128;
    /// Bytes of an answer that wait in one HTTP/2 stream for the network.
    pub const SEND_BUFFER: usize = 128 * 1024;
    /// How old a connection becomes, a tenth more or less, before the caller is asked to open
    /// another: behind a balancer of connections, new servers get their share so.
    pub const MAX_AGE: Duration = Duration::from_secs(30 * 60);
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
    /// HTTP/2 alone, as gRPC needs it.
    Http2,
    /// HTTP/1.1, and HTTP/2 for those who begin with it.
    Any,
}
