//! Serves HTTP within limits. Both servers of mungpy use it: the engine for gRPC, the gateway for
//! REST.
//!
//! - [`Limits`]: what callers may use: connections, memory, time
//! - [`Server`]: accepts within the limits, then drains
//! - [`Tls`]: TLS and mutual TLS; [`check_plaintext`] refuses to do without it beyond this machine
//! - [`Tokens`]: bearer tokens and what each allows
//! - [`RateLimit`]: how many requests each [`Peer`] may send
//! - [`MeteredBody`]: a request body that counts its bytes and its time
//! - [`Charge`]: the memory that a request holds of the common budget
//! - [`Pace`]: whose turn it is, the caller's or the server's
//!
//! What is loaded of files is [`Reloadable`]: it follows their changes.

mod answer;
mod body;
mod budget;
mod certificate;
mod connection;
mod descriptors;
mod host;
mod limits;
mod occasional;
mod pace;
mod peer;
mod rate;
mod room;
mod server;
mod tls;
mod token_file;
mod tokens;
mod watched;

pub use body::{BodyError, MeteredBody};
pub use budget::{Budget, Charge, Spent};
pub use certificate::TlsError;
pub use host::Arrival;
pub use limits::{Limits, MIB, Protocol};
pub use pace::{Pace, Work};
pub use peer::{Peer, PlaintextRefused, check_plaintext};
pub use rate::{RateLimit, TooManyRequests};
pub use server::Server;
pub use tls::Tls;
pub use token_file::{Secret, TokensError};
pub use tokens::{Caller, Scope, Tokens, bearer};
pub use watched::{Reloadable, keep_fresh};
