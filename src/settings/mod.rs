//! Settings: arguments win over the environment, the environment over the file.
//!
//! [`CommonOptions`], [`BatchOptions`] and [`ServeOptions`] name each setting once, for clap and
//! for the file. [`Layers`] overlays what was given on the file and records the origin of each
//! value; [`Settings`] is what the commands use.

mod error;
mod layers;
mod options;
mod secret;
mod share;

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    path::{Path, PathBuf},
    thread,
};

use clap::{ArgMatches, Args, FromArgMatches};
use mungpy_core::{
    face::{ModelOrigin, PersonProportions},
    resemblance::{PersonEstimator, Population},
    temperament::{Policy, Questionnaire},
};
use mungpy_runtime::logging;
use mungpy_schedule::Schedule;
use mungpy_source::SourceConfig;
use mungpy_transport::MIB;
use serde::Deserialize;

use crate::{
    batch::{DEFAULT_KEPT, DEFAULT_MAX_LOSS},
    catalogue::DataDir,
    extract::Workers,
    files::{self, MAX_SETTINGS_BYTES},
    vision::{self, Models, Role},
};
pub use error::SettingsError;
pub use layers::Origin;
use layers::{Origins, layered};
pub use options::{BatchOptions, CommonOptions, ServeOptions, SpeciesArg};
pub use secret::Secret;
pub use share::Share;

/// Default data directory.
const DATA_DIR: &str = "mungpy-data";
/// Default address of the server.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 50051);

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    batch: BatchOptions,
    serve: ServeOptions,
    source: Vec<SourceConfig>,
    #[serde(flatten)]
    common: toml::Table,
}

/// The options of all layers, each with its origin.
#[derive(Debug, Clone)]
pub struct Layers {
    /// Options of every command.
    pub common: CommonOptions,
    /// Options of the batch.
    pub batch: BatchOptions,
    /// Options of the server.
    pub serve: ServeOptions,
    /// The sources that the file lists.
    pub sources: Vec<SourceConfig>,
    /// Folder of the file, which its relative paths start from.
    pub folder: PathBuf,
    origins: [Origins; 3],
}

/// One setting as printed by `mungpy config show`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The key in the file.
    pub key: String,
    /// The value, with secrets masked.
    pub value: String,
    /// Where the value comes from.
    pub origin: Origin,
}

impl Layers {
    /// Overlays what was given on the file at `config`. `batch` and `serve` are the options of the
    /// running command, if it is one of these; `matches` are those of the whole command line.
    pub fn new(
        config: Option<&Path>,
        common: &CommonOptions,
        batch: Option<&BatchOptions>,
        serve: Option<&ServeOptions>,
        matches: &ArgMatches,
    ) -> Result<Self, SettingsError> {
        let (file_common, file) = match config {
            Some(path) => read_file(path)?,
            None => Default::default(),
        };
        let folder = config.and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        let of_command = matches.subcommand().map(|(_, matches)| matches);
        let (common, common_origins) = layered(common, Some(matches), &file_common);
        let (batch, batch_origins) = if let Some(batch) = batch {
            layered(batch, of_command, &file.batch)
        } else {
            let (batch, matches) = batch_of_environment()?;
            layered(&batch, Some(&matches), &file.batch)
        };
        let (serve, serve_origins) =
            layered(serve.unwrap_or(&ServeOptions::default()), of_command, &file.serve);
        let origins = [common_origins, batch_origins, serve_origins];
        Ok(Self { common, batch, serve, sources: file.source, folder, origins })
    }

    /// All settings with value and origin, secrets masked.
    pub fn shown(&self) -> Vec<Shown> {
        let (common, batch, limits) = (&self.common, &self.batch, self.serve.limits());
        let web = batch.web();
        let path = |path: &Option<PathBuf>, default: &str| {
            path.as_ref().map_or(default.to_owned(), |path| path.display().to_string())
        };
        let origin = |origin: Option<ModelOrigin>| origin.unwrap_or_default().name().to_owned();
        let models: Vec<_> = common.models.iter().map(|path| path.display().to_string()).collect();
        let row = |key: &'static str, value: String| {
            let (table, name) = match key.split_once('.') {
                None => (0, key),
                Some(("batch", name)) => (1, name),
                Some((_, name)) => (2, name),
            };
            let origin = self.origins[table].get(name).copied().unwrap_or(Origin::Default);
            Shown { key: key.to_owned(), value, origin }
        };
        let schedule = Schedule::default();
        let text =
            |given: &Option<String>, default: &str| given.as_deref().unwrap_or(default).to_owned();
        let mut shown = vec![
            row("data_dir", path(&common.data_dir, DATA_DIR)),
            row("models", models.join(":")),
            row("detector", origin(common.detector)),
            row("person_landmarks", origin(common.person_landmarks)),
            row(
                "person_proportions",
                common.person_proportions.unwrap_or_default().name().to_owned(),
            ),
            row("person_estimator", path(&common.person_estimator, "(built in)")),
            row("workers", self.workers().to_string()),
            row("batch_size", or_automatic(common.batch_size)),
            row("gpu", common.gpu.unwrap_or_default().to_string()),
            row("temperament", path(&common.temperament, "(built in)")),
            row("policy", common.policy.clone().unwrap_or_else(|| Policy::default().to_string())),
            row("log", text(&common.log, "")),
            row("log_json", common.log_json.to_string()),
            row("batch.source", path(&batch.source, "")),
            row("batch.database", batch.database.as_ref().map_or(String::new(), Secret::to_string)),
            row("batch.query", batch.query.clone().unwrap_or_default()),
            row("batch.max_loss", self.max_loss().to_string()),
            row("batch.keep", self.kept().to_string()),
            row("batch.schedule", text(&batch.schedule, schedule.cron())),
            row("batch.time_zone", text(&batch.time_zone, schedule.zone().name())),
            row("batch.fetches", batch.fetches().to_string()),
            row("batch.fetches_per_host", web.per_host.to_string()),
            row("batch.fetch_timeout", web.timeout.as_secs().to_string()),
            row("batch.fetch_attempts", web.attempts.to_string()),
            row("batch.allow_private_addresses", web.allow_private_addresses.to_string()),
            row("serve.listen", self.listen().to_string()),
            row("serve.batch", self.serve.batch.to_string()),
            row("serve.batch_workers", self.batch_workers().to_string()),
            row("serve.public_sums", path(&self.serve.public_sums, "")),
            row("serve.max_connections", limits.connections.to_string()),
            row("serve.body_memory", (limits.body_memory / MIB).to_string()),
            row("serve.receive_timeout", limits.receive_timeout.as_secs().to_string()),
            row("serve.idle_timeout", limits.idle_timeout.as_secs().to_string()),
            row("serve.grace", limits.grace.as_secs().to_string()),
        ];
        shown.extend(self.shown_of_service().map(|(key, value)| row(key, value)));
        shown.extend(self.sources.iter().map(|source| Shown {
            key: format!("source {}", source.name()),
            value: serde_json::to_string(source).expect("a source is plain data"),
            origin: Origin::File,
        }));
        shown
    }

    /// What decides who may call the server, and how it is watched.
    fn shown_of_service(&self) -> impl Iterator<Item = (&'static str, String)> {
        let serve = &self.serve;
        let path = |path: &Option<PathBuf>| {
            path.as_ref().map_or(String::new(), |path| path.display().to_string())
        };
        let number = |number: Option<NonZeroU32>| number.map_or(String::new(), |n| n.to_string());
        let address = serve.metrics.map_or(String::new(), |address| address.to_string());
        [
            ("serve.drain_pause", serve.drain_pause().as_secs().to_string()),
            ("serve.max_catalogue_age", number(serve.max_catalogue_age)),
            ("serve.tls_cert", path(&serve.tls_cert)),
            ("serve.tls_key", path(&serve.tls_key)),
            ("serve.tls_client_ca", path(&serve.tls_client_ca)),
            ("serve.allow_plaintext", serve.allow_plaintext.to_string()),
            ("serve.tokens", path(&serve.tokens)),
            ("serve.rate_limit", number(serve.rate_limit)),
            ("serve.metrics", address),
            ("serve.otlp", serve.otlp.as_ref().map_or(String::new(), Secret::to_string)),
        ]
        .into_iter()
    }

    /// Threads that measure photos, at least one.
    fn workers(&self) -> usize {
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        self.common.workers.unwrap_or_else(cores).max(1)
    }

    /// Threads that measure dogs beside a server, at least one.
    pub fn batch_workers(&self) -> usize {
        self.serve.batch_workers.map_or(self.workers() / 2, NonZeroUsize::get).max(1)
    }

    /// Share of the dogs that a batch may lose.
    pub fn max_loss(&self) -> f64 {
        self.batch.max_loss.map_or(DEFAULT_MAX_LOSS, f64::from)
    }

    /// Catalogues that are kept beside the published one.
    pub fn kept(&self) -> usize {
        self.batch.keep.unwrap_or(DEFAULT_KEPT)
    }

    /// Address for the server to listen on.
    pub fn listen(&self) -> SocketAddr {
        self.serve.listen.unwrap_or(LISTEN)
    }

    /// Starts logging for the whole process, until the guard is dropped. `spans` also receives the
    /// spans of requests.
    pub fn start_logging(
        &self,
        default: &str,
        spans: Option<logging::ExtraLayer>,
    ) -> logging::Guard {
        let json = self.common.log_json;
        let format = if json { logging::Format::Json } else { logging::Format::Text };
        logging::start_with(self.common.log.as_deref(), default, format, spans)
    }
}

/// The settings that the commands use.
pub struct Settings {
    /// Directory of the store and of the published catalogue.
    pub data_dir: DataDir,
    /// The model files, and which of them are chosen.
    pub models: Models,
    /// Threads that measure photos, at least one.
    pub workers: usize,
    /// Photos that a worker hands to the networks at once, if that was set.
    pub batch_size: Option<NonZeroUsize>,
    /// Number of the GPU that networks run on, if that was set.
    pub gpu: Option<usize>,
    /// The temperament questionnaire.
    pub questionnaire: Questionnaire,
    /// Which dogs fit if a request does not say.
    pub policy: Policy,
}

impl Settings {
    /// Loads what the options name.
    pub fn resolve(layers: &Layers) -> Result<Self, SettingsError> {
        let common = &layers.common;
        let questionnaire = match &common.temperament {
            Some(path) => Questionnaire::parse(&read(path)?)?,
            None => Questionnaire::default(),
        };
        let policy = Self::policy_of(layers)?;
        let models = Models::new(&common.models)
            .with_dog_detector(common.detector.unwrap_or_default())
            .with_person_landmarks(common.person_landmarks.unwrap_or_default())
            .with_person_proportions(common.person_proportions.unwrap_or_default());
        let models = match &common.person_estimator {
            Some(path) => {
                let estimator = PersonEstimator::parse(&read(path)?);
                models.with_person_estimator(estimator.map_err(|error| malformed(path, &error))?)
            }
            None => models,
        };
        Ok(Self {
            data_dir: DataDir::new(common.data_dir.as_deref().unwrap_or(Path::new(DATA_DIR))),
            models,
            workers: layers.workers(),
            batch_size: common.batch_size,
            gpu: common.gpu,
            questionnaire,
            policy,
        })
    }

    /// The policy that the options name.
    pub fn policy_of(layers: &Layers) -> Result<Policy, SettingsError> {
        let parsed =
            layers.common.policy.as_ref().map(|text| {
                text.parse().map_err(|_| SettingsError::Policy { policy: text.clone() })
            });
        Ok(parsed.transpose()?.unwrap_or_default())
    }

    /// The threads that measure photos in batches.
    pub fn batches(&self) -> Workers {
        let batch_size = self.batch_size.map_or_else(vision::photos_at_once, NonZeroUsize::get);
        Workers { count: self.workers, batch_size }
    }

    /// The population of persons to compare a person with.
    pub fn persons(&self) -> Population {
        match self.models.person_proportions() {
            PersonProportions::Estimated => self.models.person_estimator().population.clone(),
            PersonProportions::Measured => {
                Population::shipped_person(self.models.origin(Role::PersonLandmarks))
            }
        }
    }
}

/// The options of the batch that the environment sets, for commands that have no such arguments.
fn batch_of_environment() -> Result<(BatchOptions, ArgMatches), SettingsError> {
    let command = BatchOptions::augment_args(clap::Command::new("batch"));
    let options = command.try_get_matches_from(["batch"]).and_then(|matches| {
        BatchOptions::from_arg_matches(&matches).map(|options| (options, matches))
    });
    options.map_err(|error| SettingsError::Environment { detail: error.to_string() })
}

fn or_automatic(number: Option<NonZeroUsize>) -> String {
    number.map_or_else(|| "(automatic)".to_owned(), |number| number.to_string())
}

fn read(path: &Path) -> Result<String, SettingsError> {
    files::read_text(path, MAX_SETTINGS_BYTES)
        .map_err(|source| SettingsError::Unreadable { path: path.to_owned(), source })
}

fn read_file(path: &Path) -> Result<(CommonOptions, File), SettingsError> {
    parse(&read(path)?).map_err(|detail| malformed(path, &detail))
}

fn malformed(path: &Path, detail: &dyn ToString) -> SettingsError {
    SettingsError::Malformed { path: path.to_owned(), detail: detail.to_string() }
}

fn parse(text: &str) -> Result<(CommonOptions, File), String> {
    // The error as a whole quotes the line, which may hold a password.
    let explained = |error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map(|before| format!("line {}: ", before.matches('\n').count() + 1));
        format!("{}{}", line.unwrap_or_default(), error.message())
    };
    let mut file: File = toml::from_str(text).map_err(explained)?;
    let common = std::mem::take(&mut file.common);
    let common = common.try_into().map_err(explained)?;
    mungpy_source::check(&file.source).map_err(|error| error.to_string())?;
    Ok((common, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_in_the_file_is_refused() {
        assert!(parse("workers = 2\n[batch]\nsource = \"dogs\"").is_ok());
        assert!(parse("wokers = 2").is_err());
        assert!(parse("[batch]\nsauce = \"dogs\"").is_err());
        assert!(parse("workers = \"two\"").is_err());
        let broken = parse("workers = 2\n[batch]\ndatabase = \"postgres://u:geheim@h/d\n");
        let told = broken.unwrap_err();
        assert!(told.contains("line 3") && !told.contains("geheim"), "{told}");
    }

    #[test]
    fn the_example_sets_every_key() {
        let example = include_str!("../../examples/mungpy.toml");
        let uncommented: String = example
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .fold(String::new(), |text, line| text + line + "\n");
        let (common, file) = parse(&uncommented).unwrap();
        let File { batch, serve, source: sources, .. } = file;
        assert_eq!(sources.len(), 7, "one of each kind");
        let origins = [
            layered(&common, None, &common).1,
            layered(&batch, None, &batch).1,
            layered(&serve, None, &serve).1,
        ];
        let folder = PathBuf::new();
        let layers = Layers { common, batch, serve, sources, folder, origins };
        for shown in layers.shown() {
            assert_ne!(shown.origin, Origin::Default, "{} is missing", shown.key);
        }
    }
}
