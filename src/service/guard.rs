//! Who may call what, and how often.

use http::{HeaderMap, Uri};
use mungpy_core::reason::{Reason, WithReason};
use mungpy_transport::{Peer, RateLimit, Scope, Tokens, bearer};
use tonic::Status;

use super::status::{self, status};

/// Health says nothing that needs a token.
const HEALTH: &str = "/grpc.health.v1.Health/";
/// All methods of matching.
const MATCHING: &str = "/mungpy.v1.MatchService/";
/// What somebody who matches needs to show a dog.
const SHOWING: [&str; 5] =
    ["GetCatalogue", "GetQuestionnaire", "GetDog", "GetDogPhoto", "ListAttributeValues"];
/// What changes something.
const WRITING: [&str; 5] =
    ["UpsertDogs", "DeleteDogs", "RunBatch", "CancelBatch", "RollbackCatalogue"];
const CATALOGUE: &str = "/mungpy.v1.CatalogueService/";
const OPERATIONS: &str = "/mungpy.v1.OperationsService/";

/// Who may call what, and how often. The default lets everybody read.
#[derive(Default)]
pub struct Guard {
    /// The tokens that are known; without any, nobody may write.
    pub tokens: Option<Tokens>,
    /// How many requests each peer may send.
    pub rate: Option<RateLimit>,
}

/// What a method asks of its caller: any of these scopes.
fn scopes(path: &str) -> &'static [Scope] {
    const SHOWN: &[Scope] = &[Scope::Match, Scope::CatalogueRead];
    let in_catalogue = path.strip_prefix(CATALOGUE);
    match in_catalogue {
        _ if path.starts_with(MATCHING) => &[Scope::Match],
        Some(method) if SHOWING.contains(&method) => SHOWN,
        Some(method) if WRITING.contains(&method) => &[Scope::CatalogueWrite],
        Some(_) => &[Scope::CatalogueRead],
        None if path.starts_with(OPERATIONS) => &[Scope::CatalogueRead],
        // Reflection, and what is unknown.
        None => Scope::ALL,
    }
}

impl Guard {
    /// Lets a call in, or says why not, before anything of its body is read.
    pub(super) fn admit(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        peer: Option<&Peer>,
    ) -> Result<(), Status> {
        if uri.path().starts_with(HEALTH) {
            return Ok(());
        }
        if let (Some(rate), Some(peer)) = (&self.rate, peer) {
            rate.check(peer.address.ip())
                .map_err(|early| status::retry_after(early.reason(), early.wait, early))?;
        }
        let needed = scopes(uri.path());
        match &self.tokens {
            Some(tokens) => permit(tokens, needed, headers),
            None if needed == [Scope::CatalogueWrite] => {
                let message = "methods that change something are off: start the server with tokens";
                Err(status(Reason::WritesOff, message))
            }
            None => Ok(()),
        }
    }
}

fn permit(tokens: &Tokens, needed: &[Scope], headers: &HeaderMap) -> Result<(), Status> {
    let missing = || {
        let message = "the call needs a token; send authorization: Bearer TOKEN";
        status(Reason::TokenMissing, message)
    };
    let token = bearer(headers).ok_or_else(missing)?;
    let refused = || status(Reason::TokenRefused, "the server does not know this token");
    let caller = tokens.scopes_of(token).ok_or_else(refused)?;
    if needed.iter().any(|scope| caller.may(*scope)) {
        return Ok(());
    }
    let names: Vec<&str> = needed.iter().map(|scope| scope.name()).collect();
    let message = format!(
        "the token {} does not have the scope {}; use another one",
        caller.name,
        names.join(" or ")
    );
    Err(status(Reason::ScopeMissing, message))
}

#[cfg(test)]
mod tests {
    use mungpy_proto::DESCRIPTORS;
    use prost::Message as _;
    use prost_types::FileDescriptorSet;

    use super::*;

    /// Paths of all methods of the contract.
    fn methods() -> Vec<String> {
        let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
        let services = set.file.iter().flat_map(|file| &file.service);
        let paths = services.flat_map(|service| {
            let method = |method: &prost_types::MethodDescriptorProto| {
                format!("/mungpy.v1.{}/{}", service.name(), method.name())
            };
            service.method.iter().map(method).collect::<Vec<_>>()
        });
        paths.collect()
    }

    #[test]
    fn without_tokens_everybody_reads_and_nobody_writes() {
        let writing: Vec<String> = WRITING.map(|method| format!("{CATALOGUE}{method}")).into();
        assert!(writing.iter().all(|path| methods().contains(path)));
        for path in methods() {
            let admitted = Guard::default().admit(&path.parse().unwrap(), &HeaderMap::new(), None);
            assert_eq!(admitted.is_err(), writing.contains(&path), "{path}");
        }
    }

    #[test]
    fn with_tokens_each_scope_opens_its_own_methods() {
        let token = "0123456789abcdef";
        let headers: HeaderMap =
            [(http::header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap())]
                .into_iter()
                .collect();
        let opened = |scope| {
            let tokens = Some(Tokens::single("TEST", token, &[scope]).unwrap());
            let guard = Guard { tokens, rate: None };
            let admits = |path: &String| {
                let uri = path.parse().unwrap();
                assert!(guard.admit(&uri, &HeaderMap::new(), None).is_err(), "{path}");
                guard.admit(&uri, &headers, None).is_ok()
            };
            methods().into_iter().filter(admits).count()
        };
        assert_eq!(opened(Scope::Match), 3 + SHOWING.len());
        assert_eq!(opened(Scope::CatalogueRead), methods().len() - 3 - WRITING.len());
        assert_eq!(opened(Scope::CatalogueWrite), WRITING.len());
    }
}
