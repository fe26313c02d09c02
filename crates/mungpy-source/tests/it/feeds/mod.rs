//! The services of shelters, each against a server that behaves as the real one does, oddities
//! included.

mod asm;
mod config;
mod korea;
mod refusals;
mod rescuegroups;
mod shelterluv;

use std::time::Duration;

use chrono::{DateTime, Utc};
use mungpy_core::temperament::Questionnaire;
use mungpy_source::{
    DogSource, ListRequest, Listing, SourceError,
    web::{WebClient, WebOptions},
};

/// A key with everything that has to be encoded, as keys in base64 have.
const KEY: &str = "Ab+c/d3fGh1JkLmN0pQ==";

fn client() -> WebClient {
    let options = WebOptions {
        allow_private_addresses: true,
        attempts: 2,
        first_delay: Duration::from_millis(1),
        max_delay: Duration::from_millis(1),
        ..WebOptions::default()
    };
    WebClient::new(options).unwrap()
}

fn all(source: &dyn DogSource) -> Result<Listing, SourceError> {
    source.list(&ListRequest::all(&Questionnaire::default()))
}

fn changes(source: &dyn DogSource, since: &str, now: &str) -> Result<Listing, SourceError> {
    let time = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
    source.list(&ListRequest {
        questionnaire: &Questionnaire::default(),
        since: Some(time(since)),
        now: time(now),
    })
}

fn ids(listing: &Listing) -> Vec<&str> {
    listing.dogs.iter().map(|dog| dog.dog_id.as_str()).collect()
}

fn reasons(listing: &Listing) -> Vec<(&str, &str)> {
    use mungpy_core::reason::Reason;

    let code = |reason: Reason| reason.entry().code;
    listing.faults.iter().map(|fault| (fault.dog_id.as_str(), code(fault.reason))).collect()
}
