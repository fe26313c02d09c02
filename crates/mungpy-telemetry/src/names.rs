//! Label values that no caller can invent: names of a table that is fixed when the program starts.

use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
    sync::Arc,
};

use prometheus_client::encoding::{EncodeLabelValue, LabelValueEncoder};
use prost::Message as _;
use prost_types::FileDescriptorSet;

/// What OpenTelemetry calls a name that is not in the table.
const OTHER: &str = "_OTHER";

/// A name of a table. Only a table makes one, so their number is bounded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

impl Name {
    pub(crate) fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name itself, `_OTHER` if what was looked for is not in the table.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl EncodeLabelValue for Name {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        encoder.write_str(&self.0)
    }
}

/// A table of names.
#[derive(Debug, Clone)]
pub struct Names {
    known: BTreeSet<Name>,
    other: Name,
}

impl Names {
    /// A table of these names, e.g. the route templates of the gateway.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self { known: names.into_iter().map(Name::new).collect(), other: Name::new(OTHER) }
    }

    /// A table of the methods that encoded `FileDescriptorSet`s define, as
    /// `mungpy.v1.MatchService/Match`.
    pub fn of_methods(descriptor_sets: &[&[u8]]) -> Result<Self, prost::DecodeError> {
        let mut names = Vec::new();
        for set in descriptor_sets {
            for file in FileDescriptorSet::decode(*set)?.file {
                for service in &file.service {
                    let service_name = format!("{}.{}", file.package(), service.name());
                    let methods = service.method.iter();
                    names.extend(methods.map(|method| format!("{service_name}/{}", method.name())));
                }
            }
        }
        Ok(Self::new(names.iter().map(String::as_str)))
    }

    /// Every name of the table.
    pub fn iter(&self) -> impl Iterator<Item = &Name> {
        self.known.iter()
    }

    /// The name in the table, or `_OTHER`. The path of a gRPC request may keep its leading slash.
    pub fn find(&self, name: &str) -> Name {
        let wanted = Name::new(name.strip_prefix('/').unwrap_or(name));
        let found = self.known.get(&wanted).or_else(|| self.known.get(&Name::new(name)));
        found.unwrap_or(&self.other).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_methods_of_the_contract_become_labels() {
        let methods = Names::of_methods(&[mungpy_proto::DESCRIPTORS]).unwrap();
        let found = methods.find("/mungpy.v1.MatchService/Match");
        assert_eq!(found.as_str(), "mungpy.v1.MatchService/Match");
        assert_eq!(methods.find("/mungpy.v1.MatchService/match").as_str(), OTHER);
        assert_eq!(methods.find("/a\nb").as_str(), OTHER);
        assert!(Names::of_methods(&[b"no descriptors"]).is_err());
    }

    #[test]
    fn route_templates_keep_their_slash() {
        let routes = Names::new(["/similar-dog", "/dogs/{id}"]);
        assert_eq!(routes.find("/dogs/{id}").as_str(), "/dogs/{id}");
        assert_eq!(routes.find("/dogs/12").as_str(), OTHER);
    }
}
