//! Layers of settings: arguments and environment over the file, and the file over defaults.

use std::{collections::BTreeMap, fmt};

use clap::{ArgMatches, parser::ValueSource};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// The origin of a setting's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// A command-line argument.
    Argument,
    /// An environment variable.
    Environment,
    /// The configuration file.
    File,
    /// Not set, so the default applies.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Argument => "argument",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Default => "default",
        })
    }
}

/// The origin of each key.
pub(super) type Origins = BTreeMap<String, Origin>;

/// Overlays what `given` sets on what `file` sets; the rest stays unset.
///
/// `matches` distinguishes arguments from environment variables.
pub(super) fn layered<T: Serialize + DeserializeOwned>(
    given: &T,
    matches: Option<&ArgMatches>,
    file: &T,
) -> (T, Origins) {
    let (given, file) = (set_keys(given), set_keys(file));
    let mut origins = Origins::new();
    let mut merged = Map::new();
    for (key, value) in file {
        origins.insert(key.clone(), Origin::File);
        merged.insert(key, value);
    }
    for (key, value) in given {
        let source = matches.and_then(|matches| matches.value_source(&key));
        let origin = match source {
            Some(ValueSource::EnvVariable) => Origin::Environment,
            _ => Origin::Argument,
        };
        origins.insert(key.clone(), origin);
        merged.insert(key, value);
    }
    let merged = serde_json::from_value(Value::Object(merged));
    (merged.expect("both layers were of this type"), origins)
}

/// The keys that are set, that is, neither null nor empty nor false.
fn set_keys(options: &impl Serialize) -> Map<String, Value> {
    let Ok(Value::Object(mut keys)) = serde_json::to_value(options) else {
        unreachable!("options are structs of plain data")
    };
    keys.retain(|_, value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(values) => !values.is_empty(),
        _ => true,
    });
    keys
}
