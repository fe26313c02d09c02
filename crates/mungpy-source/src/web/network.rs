//! Which addresses of the network may be asked.
//!
//! An address in a feed may lead to a machine that only this one can reach: a router, a database, the
//! metadata of a cloud. So the names are resolved here, and connections are made to exactly the
//! addresses that were found to be public. A name that resolves otherwise a moment later gains
//! nothing.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::{Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::{WebError, address};

/// Tells whether an address may be asked.
pub(super) type Reach = fn(IpAddr) -> bool;

/// Networks of IPv4 that are not the public internet.
const NOT_PUBLIC_V4: [Ipv4Net; 16] = [
    v4([0, 0, 0, 0], 8),        // this network
    v4([10, 0, 0, 0], 8),       // private
    v4([100, 64, 0, 0], 10),    // behind a provider's NAT
    v4([127, 0, 0, 0], 8),      // loopback
    v4([168, 63, 129, 16], 32), // metadata of Azure
    v4([169, 254, 0, 0], 16),   // link-local, metadata of most clouds
    v4([172, 16, 0, 0], 12),    // private
    v4([192, 0, 0, 0], 24),     // protocols
    v4([192, 0, 2, 0], 24),     // documentation
    v4([192, 88, 99, 0], 24),   // relays of 6to4
    v4([192, 168, 0, 0], 16),   // private
    v4([198, 18, 0, 0], 15),    // benchmarks
    v4([198, 51, 100, 0], 24),  // documentation
    v4([203, 0, 113, 0], 24),   // documentation
    v4([224, 0, 0, 0], 4),      // multicast
    v4([240, 0, 0, 0], 4),      // reserved, broadcast
];

/// The only part of IPv6 that is given out to the public. Everything else, such as loopback, mapped
/// IPv4, NAT64, unique local, link-local, site-local and multicast, lies outside.
const PUBLIC_V6: Ipv6Net = v6(0x2000_0000, 3);

/// Networks in it that are not the public internet.
const NOT_PUBLIC_V6: [Ipv6Net; 4] = [
    v6(0x2001_0000, 23), // protocols: Teredo, benchmarks, ORCHID
    v6(0x2001_0db8, 32), // documentation
    v6(0x2002_0000, 16), // 6to4, which leads to any IPv4
    v6(0x3fff_0000, 20), // documentation
];

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(first_bits: u32, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::from_bits((first_bits as u128) << 96), length)
}

/// Every address may be asked.
pub(super) fn anywhere(_: IpAddr) -> bool {
    true
}

/// Whether an address belongs to the public internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|net| net.contains(&address)),
        IpAddr::V6(address) => {
            PUBLIC_V6.contains(&address) && !NOT_PUBLIC_V6.iter().any(|net| net.contains(&address))
        }
    }
}

/// Refuses a host that is written as an address; such a host is never resolved.
pub(super) fn check_host(url: &Url, reach: Reach) -> Result<(), WebError> {
    let literal = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        Some(Host::Domain(_)) => return Ok(()),
        None => return Err(refused(url, "the address names no host")),
    };
    if reach(literal) { Ok(()) } else { Err(refused(url, &NotPublic.to_string())) }
}

pub(super) fn refused(url: &Url, detail: &str) -> WebError {
    WebError::AddressRefused { place: address::place(url), detail: detail.to_owned() }
}

/// A host leads into the own network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host is not on the public internet; correct it, or set allow_private_addresses")]
pub(super) struct NotPublic;

/// Resolves names to those of their addresses that may be asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolver {
    pub(super) reach: Reach,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.is_empty() {
                return Err(io::Error::other("the name has no address").into());
            }
            let allowed: Vec<_> = found.into_iter().filter(|found| reach(found.ip())).collect();
            if allowed.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REFUSED: &[&str] = &[
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::808:808",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
    ];

    const PUBLIC: &[&str] = &[
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "128.0.0.1",
        "168.63.129.15",
        "168.63.129.17",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "211.237.50.150",
        "223.255.255.255",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2400:cb00::1",
        "2606:4700:4700::1111",
        "2a00:1450:4001::1",
    ];

    #[test]
    fn only_the_public_internet_is_asked() {
        for address in REFUSED {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in PUBLIC {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn every_spelling_of_loopback_is_refused() {
        for raw in [
            "http://127.0.0.1/",
            "http://127.0.0.1./",
            "http://127.1/",
            "http://0x7f.1/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://2130706433/",
            "http://017700000001/",
            "http://①②⑦.0.0.1/",
            "http://127.0.0.1:80/",
            "http://0/",
            "http://[::1]/",
            "http://[0:0:0:0:0:0:0:1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::127.0.0.1]/",
            "http://[2002:7f00:1::]/",
        ] {
            let url = address::parse_address(raw).unwrap();
            let error = check_host(&url, is_public).unwrap_err();
            assert!(matches!(error, WebError::AddressRefused { .. }), "{raw}");
            assert!(check_host(&url, anywhere).is_ok());
        }
    }

    proptest! {
        #[test]
        fn no_address_that_the_standard_library_knows_as_special_is_public(bits in any::<u32>()) {
            let address = Ipv4Addr::from_bits(bits);
            let is_special = address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_broadcast()
                || address.is_documentation();
            prop_assert!(!(is_special && is_public(address.into())));
        }

        #[test]
        fn no_ipv6_form_of_an_ipv4_address_is_public(bits in any::<u32>(), low in any::<u64>()) {
            let [high, tail] = [(bits >> 16) as u16, bits as u16];
            let [a, b, c, d] = [48, 32, 16, 0].map(|shift| (low >> shift) as u16);
            for segments in [
                [0, 0, 0, 0, 0, 0, high, tail],
                [0, 0, 0, 0, 0, 0xffff, high, tail],
                [0, 0, 0, 0, 0xffff, 0, high, tail],
                [0x64, 0xff9b, 0, 0, 0, 0, high, tail],
                [0x64, 0xff9b, 1, a, b, c, high, tail],
                [0x2002, high, tail, a, b, c, d, 0],
                [0x2001, 0, high, tail, a, b, c, d],
            ] {
                let address = Ipv6Addr::from(segments);
                prop_assert!(!is_public(address.into()), "{}", address);
            }
        }

        #[test]
        fn no_special_network_of_ipv6_is_public(
            bits in any::<u128>(),
            (network, length) in prop::sample::select(vec![
                (0xfc_u128, 7), (0xfe, 8), (0xff, 8), (0x00, 3), (0x40, 2), (0x80, 1),
            ]),
        ) {
            let address = Ipv6Addr::from_bits((network << 120) | (bits << length >> length));
            prop_assert!(!is_public(address.into()), "{}", address);
        }
    }
}
