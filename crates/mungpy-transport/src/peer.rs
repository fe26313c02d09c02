//! Who is at the other end of a connection, and whether plain text may reach it.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use mungpy_core::reason::{Reason, WithReason};

/// Who is at the other end of a connection; an extension of each request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The address at the other end: the caller's, or that of a proxy between.
    pub address: SocketAddr,
    /// Whether the connection is encrypted.
    pub encrypted: bool,
    /// The subject of the client certificate, like `CN=gateway`, if it had to show one.
    pub subject: Option<Arc<str>>,
}

impl Peer {
    /// Whether the other end is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(self.address.ip())
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Plain text would be served beyond this machine without anyone having said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{address} is no loopback address and the connection would not be encrypted: name a \
     certificate with `--tls-cert` and `--tls-key`, or say `--allow-plaintext`"
)]
pub struct PlaintextRefused {
    /// The address to be listened on.
    pub address: SocketAddr,
}

impl WithReason for PlaintextRefused {
    fn reason(&self) -> Reason {
        Reason::ConfigInvalid
    }
}

/// Refuses to listen in plain text on another address than loopback, unless that is `allowed` or
/// there is `tls`.
pub fn check_plaintext(
    address: SocketAddr,
    allowed: bool,
    tls: bool,
) -> Result<(), PlaintextRefused> {
    if allowed || tls || is_loopback(address.ip()) {
        return Ok(());
    }
    Err(PlaintextRefused { address })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_leaves_the_machine_only_when_said() {
        let check = |address: &str, allowed, tls| {
            check_plaintext(address.parse().unwrap(), allowed, tls).is_ok()
        };
        for address in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(check(address, false, false), "{address}");
        }
        for address in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[fe80::1]:1"] {
            assert!(!check(address, false, false), "{address}");
            assert!(check(address, true, false) && check(address, false, true), "{address}");
        }
        let refused = check_plaintext("0.0.0.0:50051".parse().unwrap(), false, false).unwrap_err();
        assert_eq!(refused.reason(), Reason::ConfigInvalid);
        for named in ["0.0.0.0:50051", "--tls-cert", "--allow-plaintext"] {
            assert!(refused.to_string().contains(named));
        }
    }
}
