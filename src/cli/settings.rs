//! Settings: from arguments, environment and configuration file, in this order.

use std::{
    fs,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    thread,
};

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use super::{
    Failure,
    args::{Common, Whose},
};
use crate::{
    catalog::DataDir,
    resemblance::Population,
    temperament::{Policy, Questionnaire},
    vision::Models,
};

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    data_dir: Option<PathBuf>,
    #[serde(default)]
    models: Vec<PathBuf>,
    detector: Option<Whose>,
    person_landmarks: Option<Whose>,
    workers: Option<usize>,
    temperament: Option<PathBuf>,
    policy: Option<String>,
    #[serde(default)]
    log_json: bool,
}

/// What every command works with.
pub(super) struct Settings {
    pub(super) data_dir: DataDir,
    pub(super) models: Models,
    pub(super) workers: usize,
    pub(super) questionnaire: Questionnaire,
    pub(super) policy: Policy,
    log_json: bool,
}

impl Settings {
    pub(super) fn resolve(common: &Common) -> Result<Self, Failure> {
        let file = match &common.config {
            Some(path) => read_file(path)?,
            None => File::default(),
        };
        let data_dir = common.data_dir.clone().or(file.data_dir).unwrap_or("mungpy-data".into());
        let directories =
            if common.models.is_empty() { file.models } else { common.models.clone() };
        let models = match common.detector.or(file.detector) {
            Some(Whose::Published) => Models::new(&directories).with_published_detector(),
            Some(Whose::Own) | None => Models::new(&directories),
        };
        let models = match common.person_landmarks.or(file.person_landmarks) {
            Some(whose) => models.with_person_landmarks(whose.into()),
            None => models,
        };
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        let questionnaire = match common.temperament.clone().or(file.temperament) {
            Some(path) => Questionnaire::parse(&read(&path)?)?,
            None => Questionnaire::default(),
        };
        let policy = match common.policy.clone().or(file.policy) {
            Some(text) => parse_policy(&text)?,
            None => Policy::default(),
        };
        Ok(Self {
            data_dir: DataDir::new(&data_dir),
            models,
            workers: common.workers.or(file.workers).unwrap_or_else(cores).max(1),
            questionnaire,
            policy,
            log_json: common.log_json || file.log_json,
        })
    }

    /// The persons that a person is compared with.
    pub(super) fn persons(&self) -> Population {
        Population::shipped_person(self.models.person_landmarks())
    }

    /// Log lines go to standard error; `MUNGPY_LOG` filters them.
    pub(super) fn start_logging(&self, server: bool) {
        let default = if server { "info" } else { "warn" };
        let filter =
            EnvFilter::try_from_env("MUNGPY_LOG").unwrap_or_else(|_| EnvFilter::new(default));
        let lines = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(io::stderr)
            .with_ansi(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none());
        if self.log_json { lines.json().init() } else { lines.init() }
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::file(path, &error))
}

fn read_file(path: &Path) -> Result<File, Failure> {
    toml::from_str(&read(path)?)
        .map_err(|error| Failure::new("CONFIG_INVALID", format!("{}: {error}", path.display())))
}

/// `best(N)` or `at_least(N)`.
fn parse_policy(text: &str) -> Result<Policy, Failure> {
    let number = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix(')')?.trim().parse().ok();
    if let Some(n) = number("best(") {
        return Ok(Policy::Best(n));
    }
    if let Some(n) = number("at_least(") {
        return Ok(Policy::AtLeast(n));
    }
    let message = format!("policy {text:?} is not understood; write best(10) or at_least(4)");
    Err(Failure::new("CONFIG_INVALID", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_written_as_in_the_contract() {
        assert_eq!(parse_policy("best(3)").unwrap(), Policy::Best(3));
        assert_eq!(parse_policy("at_least(4)").unwrap(), Policy::AtLeast(4));
        assert!(parse_policy("best").is_err());
        assert!(parse_policy("at_least(x)").is_err());
    }

    #[test]
    fn a_misspelt_key_in_the_file_is_refused() {
        assert!(toml::from_str::<File>("workers = 2").is_ok());
        assert!(toml::from_str::<File>("wokers = 2").is_err());
    }
}
