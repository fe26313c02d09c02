//! Where a request comes from if trusted proxies stand between.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The proxies whose word counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrustedProxies(Vec<IpNet>);

impl From<Vec<IpNet>> for TrustedProxies {
    fn from(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }
}

impl TrustedProxies {
    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address that a request comes from. Only a trusted proxy is believed, and only as far as
    /// the next address that is no trusted proxy itself: what stands before that one may be forged.
    /// `Forwarded` (RFC 7239) does not count: most proxies pass on what a caller writes into it.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer.to_canonical();
        if !self.contain(nearest) {
            return nearest;
        }
        for address in x_forwarded_for(headers).into_iter().rev() {
            let Some(address) = address else { return nearest };
            nearest = address.to_canonical();
            if !self.contain(nearest) {
                return nearest;
            }
        }
        nearest
    }

    /// Whether the caller speaks with the outermost trusted proxy over TLS.
    pub(crate) fn is_encrypted(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let said = headers.get(X_FORWARDED_PROTO).and_then(|said| said.to_str().ok());
        self.contain(peer) && said.is_some_and(|said| said.trim().eq_ignore_ascii_case("https"))
    }
}

/// The addresses of `X-Forwarded-For`, from the caller's on; `None` is one that is not understood.
fn x_forwarded_for(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    list(headers, &X_FORWARDED_FOR).map(address).collect()
}

/// Whether a request says that it comes from somebody else than its peer.
pub(crate) fn is_claimed(headers: &HeaderMap) -> bool {
    [&X_FORWARDED_FOR, &header::FORWARDED].iter().any(|name| headers.contains_key(*name))
}

fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter();
    values.flat_map(|value| value.to_str().unwrap_or("unknown").split(',')).map(str::trim)
}

/// An address with or without port and brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &str)]) -> String {
        let trusted = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        TrustedProxies(trusted).client(peer.parse().unwrap(), &map).to_string()
    }

    #[test]
    fn a_stranger_cannot_claim_another_address() {
        let claim = [("x-forwarded-for", "192.0.2.9"), ("forwarded", "for=192.0.2.8")];
        assert_eq!(client("203.0.113.1", &claim), "203.0.113.1");
        assert_eq!(client("::ffff:203.0.113.1", &claim), "203.0.113.1");
    }

    #[test]
    fn the_last_address_that_is_no_trusted_proxy_counts() {
        let cases: [(&[(&'static str, &str)], &str); 8] = [
            (&[], "10.0.0.1"),
            (&[("x-forwarded-for", "192.0.2.9")], "192.0.2.9"),
            (&[("x-forwarded-for", "1.1.1.1, 192.0.2.9, 10.0.0.2")], "192.0.2.9"),
            (&[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "192.0.2.9:443")], "192.0.2.9"),
            (&[("x-forwarded-for", "192.0.2.9, nonsense, 10.0.0.2")], "10.0.0.2"),
            (&[("x-forwarded-for", "10.0.0.3")], "10.0.0.3"),
            (&[("x-forwarded-for", "[2001:db8::1]:99")], "2001:db8::1"),
            (&[("forwarded", "for=1.1.1.1"), ("x-forwarded-for", "192.0.2.9")], "192.0.2.9"),
        ];
        for (headers, expected) in cases {
            assert_eq!(client("10.0.0.1", headers), expected, "{headers:?}");
        }
        assert_eq!(client("fd00::1", &[("x-forwarded-for", "192.0.2.9")]), "192.0.2.9");
    }
}
