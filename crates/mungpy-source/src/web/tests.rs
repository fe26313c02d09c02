//! Addresses that only a machine of its own could test: some are allowed here and some are not.

use std::net::{IpAddr, Ipv4Addr};

use mungpy_core::reason::{Reason, WithReason};

use super::*;
use server::{Reply, Server};

#[allow(dead_code, reason = "the tests of the whole crate use the rest")]
#[path = "../../tests/it/server.rs"]
mod server;

const ALLOWED: &str = "127.0.0.2";

fn is_allowed(address: IpAddr) -> bool {
    address == IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2))
}

fn client() -> WebClient {
    WebClient::reaching(WebOptions::default(), is_allowed).unwrap()
}

#[test]
fn a_redirect_into_the_own_network_is_refused() {
    let (allowed, private) = (Server::start_on(ALLOWED), Server::start());
    private.always("/secret", Reply::ok("secret"));
    let literal = allowed.always("/literal", Reply::redirect(private.url("/secret")));
    let name = allowed.always("/name", Reply::redirect(private.localhost("/secret")));
    let fine = allowed.always("/fine", Reply::redirect("/target"));
    allowed.always("/target", Reply::ok("dog"));
    let client = client();
    for url in [literal, name, private.url("/secret"), private.localhost("/secret")] {
        let error = client.fetch(&WebRequest::get(url.clone(), 100)).unwrap_err();
        assert_eq!(error.reason(), Reason::AddressRefused, "{url}: {error}");
    }
    assert_eq!(private.count("/secret"), 0);
    assert_eq!(allowed.count("/literal"), 1, "a refused address is not tried again");
    assert!(client.fetch(&WebRequest::get(fine, 100)).is_ok());
}

#[test]
fn names_are_resolved_to_allowed_addresses_only() {
    let background = Background::new().unwrap();
    let resolved = |reach| {
        use reqwest::dns::Resolve;
        let resolving = Resolver { reach }.resolve("localhost".parse().unwrap());
        background.wait(resolving).map(|found| found.map(|found| found.ip()).collect::<Vec<_>>())
    };
    let all = resolved(network::anywhere).unwrap();
    assert!(!all.is_empty() && all.iter().all(IpAddr::is_loopback));
    let only_v4 = resolved(|address| address.is_ipv4()).unwrap();
    assert!(only_v4.iter().all(IpAddr::is_ipv4));
    let error = resolved(network::is_public).err().unwrap();
    assert!(error.is::<network::NotPublic>(), "{error}");
}
