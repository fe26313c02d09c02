//! Each setting once: argument, environment variable and key of the file in one struct. Doc
//! comments here are the help texts.
#![allow(clippy::doc_markdown, rustdoc::invalid_html_tags)]

use std::{
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use clap::{
    Args, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use mungpy_core::face::{ModelOrigin, PersonProportions, Species};
use mungpy_schedule::{Schedule, ScheduleError};
use mungpy_source::web::WebOptions;
use mungpy_transport::{Limits, MIB};
use serde::{Deserialize, Serialize};

use super::{Secret, Share};
use crate::batch::DEFAULT_FETCHES;

/// Options of every command; top-level keys of the file.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CommonOptions {
    /// Directory of the store and of the published catalogue [default: mungpy-data]
    #[arg(long, global = true, value_name = "DIR", env = "MUNGPY_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Directory of model files, searched before the standard ones; may be repeated
    #[arg(long, global = true, value_name = "DIR", env = "MUNGPY_MODELS", value_delimiter = ':')]
    pub models: Vec<PathBuf>,
    /// Dog detector: the project's own, or dlib's [default: own]
    #[arg(long, global = true, value_name = "WHOSE", env = "MUNGPY_DETECTOR",
          value_parser = model_origin())]
    pub detector: Option<ModelOrigin>,
    /// Person landmarks: the project's own, or dlib's 68 points, which exclude commercial use
    /// [default: own]
    #[arg(long, global = true, value_name = "WHOSE", env = "MUNGPY_PERSON_LANDMARKS",
          value_parser = model_origin())]
    pub person_landmarks: Option<ModelOrigin>,
    /// Proportions of persons: estimated from the whole face, or measured in each photo; dlib's
    /// landmarks are always measured [default: estimated]
    #[arg(long, global = true, value_name = "HOW", env = "MUNGPY_PERSON_PROPORTIONS",
          value_parser = person_proportions())]
    pub person_proportions: Option<PersonProportions>,
    /// Estimator of persons' proportions in place of the shipped one, made by mungpy-lab
    #[arg(long, global = true, value_name = "FILE", env = "MUNGPY_PERSON_ESTIMATOR")]
    pub person_estimator: Option<PathBuf>,
    /// Threads that measure photos [default: one for each core]
    #[arg(long, global = true, value_name = "N", env = "MUNGPY_WORKERS")]
    pub workers: Option<usize>,
    /// Photos that each worker of `batch` and `extract` takes at once, which is faster on a GPU only;
    /// all other commands, and mungpy-lab, take one [default: 1 on a CPU, by its memory on a GPU]
    #[arg(long, global = true, value_name = "N", env = "MUNGPY_BATCH_SIZE")]
    pub batch_size: Option<NonZeroUsize>,
    /// Number of the GPU that networks run on; needs a build with the feature cuda [default: 0]
    #[arg(long, global = true, value_name = "N", env = "MUNGPY_GPU")]
    pub gpu: Option<usize>,
    /// Temperament questionnaire (TOML) that replaces the built-in one
    #[arg(long, global = true, value_name = "FILE", env = "MUNGPY_TEMPERAMENT")]
    pub temperament: Option<PathBuf>,
    /// Which dogs fit if a request does not say: best(N) or at_least(N) [default: best(10)]
    #[arg(long, global = true, value_name = "POLICY", env = "MUNGPY_POLICY")]
    pub policy: Option<String>,
    /// Which log lines to write, e.g. debug, or warn,mungpy=info [default: info for what stays, warn
    /// for other commands]
    #[arg(long, global = true, value_name = "FILTER", env = "MUNGPY_LOG")]
    pub log: Option<String>,
    /// Write log lines as JSON, one object per line
    #[arg(long, global = true, env = "MUNGPY_LOG_JSON")]
    pub log_json: bool,
}

/// Options of `mungpy batch`; table `[batch]` of the file.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchOptions {
    /// Folder of dogs: <dog id>.jpg or <dog id>/*.jpg, traits in dogs.csv or dogs.jsonl
    #[arg(long, value_name = "DIR", env = "MUNGPY_SOURCE")]
    pub source: Option<PathBuf>,
    /// PostgreSQL database that lists the dogs, whose photos are in the folder:
    /// postgres://user:password@host/database
    #[arg(long, value_name = "URL", env = "MUNGPY_DATABASE", hide_env_values = true)]
    pub database: Option<Secret>,
    /// Query for the dogs: columns dog_id, photo, optionally image_id, and one for each axis
    /// [default: SELECT * FROM dogs ORDER BY dog_id, photo]
    #[arg(long, value_name = "SQL", env = "MUNGPY_DATABASE_QUERY", requires = "database")]
    pub query: Option<String>,
    /// Share of the known dogs that one batch may lose, removed or refused; if it would lose more,
    /// it publishes nothing. Five may always go, but not all [default: 0.5]
    #[arg(long, value_name = "SHARE", env = "MUNGPY_MAX_LOSS")]
    pub max_loss: Option<Share>,
    /// Earlier catalogues that are kept for `mungpy catalogue rollback` [default: 5]
    #[arg(long, value_name = "N", env = "MUNGPY_KEEP")]
    pub keep: Option<usize>,
    /// When the batch runs by itself, as a cron expression: minute, hour, day, month, weekday
    /// [default: 0 3 * * *]
    #[arg(long, value_name = "CRON", env = "MUNGPY_SCHEDULE")]
    pub schedule: Option<String>,
    /// Time zone of the schedule [default: Asia/Seoul]
    #[arg(long, value_name = "ZONE", env = "MUNGPY_TIME_ZONE")]
    pub time_zone: Option<String>,
    /// Photos that are fetched at a time [default: 16]
    #[arg(long, value_name = "N", env = "MUNGPY_FETCHES")]
    pub fetches: Option<NonZeroUsize>,
    /// Requests at a time to one host [default: 4]
    #[arg(long, value_name = "N", env = "MUNGPY_FETCHES_PER_HOST")]
    pub fetches_per_host: Option<NonZeroUsize>,
    /// Seconds that a listing or a photo may take [default: 30]
    #[arg(long, value_name = "SECONDS", env = "MUNGPY_FETCH_TIMEOUT")]
    pub fetch_timeout: Option<NonZeroU32>,
    /// How often to ask for what fails for a moment [default: 4]
    #[arg(long, value_name = "N", env = "MUNGPY_FETCH_ATTEMPTS")]
    pub fetch_attempts: Option<NonZeroUsize>,
    /// Let listings name addresses in the own network, which are refused otherwise
    #[arg(long, env = "MUNGPY_ALLOW_PRIVATE_ADDRESSES")]
    pub allow_private_addresses: bool,
}

/// Options of `mungpy serve`; table `[serve]` of the file.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServeOptions {
    /// Address and port to listen on; port 0 picks a free one [default: 127.0.0.1:50051]
    #[arg(long, value_name = "ADDRESS", env = "MUNGPY_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// Run the batch as well, at its fixed time
    #[arg(long, env = "MUNGPY_BATCH")]
    pub batch: bool,
    /// Threads that measure dogs while the server answers [default: half of the workers]
    #[arg(long, value_name = "N", env = "MUNGPY_BATCH_WORKERS")]
    pub batch_workers: Option<NonZeroUsize>,
    /// Keep running sums over the persons that are answered in this file: count, mean and
    /// covariance of estimated proportions, never a single person [default: none are kept]
    #[arg(long, value_name = "FILE", env = "MUNGPY_PUBLIC_SUMS")]
    pub public_sums: Option<PathBuf>,
    /// Connections at a time; when all are in use, a new one takes the place of the one that has
    /// been idle longest [default: 1024]
    #[arg(long, value_name = "N", env = "MUNGPY_MAX_CONNECTIONS")]
    pub max_connections: Option<usize>,
    /// Memory for the bodies of all requests in flight, in MiB; a request that finds none left is
    /// refused with OVERLOADED [default: 256]
    #[arg(long, value_name = "MIB", env = "MUNGPY_BODY_MEMORY")]
    pub body_memory: Option<usize>,
    /// Seconds that a caller may take to begin a request, and to fall behind 16 KiB a second while
    /// sending it [default: 10]
    #[arg(long, value_name = "SECONDS", env = "MUNGPY_RECEIVE_TIMEOUT")]
    pub receive_timeout: Option<u64>,
    /// Seconds after which a connection without a request is closed [default: 120]
    #[arg(long, value_name = "SECONDS", env = "MUNGPY_IDLE_TIMEOUT")]
    pub idle_timeout: Option<u64>,
    /// Seconds that requests in flight may take after the signal to stop [default: 20]
    #[arg(long, value_name = "SECONDS", env = "MUNGPY_GRACE")]
    pub grace: Option<u64>,
    /// Seconds after the signal to stop in which new requests are still taken, so that balancers
    /// learn of it [default: 0]
    #[arg(long, value_name = "SECONDS", env = "MUNGPY_DRAIN_PAUSE")]
    pub drain_pause: Option<u64>,
    /// Age of the catalogue from which on the server says that it is not ready [default: none]
    #[arg(long, value_name = "HOURS", env = "MUNGPY_MAX_CATALOGUE_AGE")]
    pub max_catalogue_age: Option<NonZeroU32>,
    /// Certificate of the server with its chain (PEM), which turns TLS on
    #[arg(long, value_name = "FILE", env = "MUNGPY_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", env = "MUNGPY_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// Authority (PEM) whose certificates callers must show
    #[arg(long, value_name = "FILE", env = "MUNGPY_TLS_CLIENT_CA")]
    pub tls_client_ca: Option<PathBuf>,
    /// Serve without TLS on another address than loopback
    #[arg(long, env = "MUNGPY_ALLOW_PLAINTEXT")]
    pub allow_plaintext: bool,
    /// Tokens (TOML) that callers need; without them everybody may read and nobody may write.
    /// Without a file, MUNGPY_MATCH_TOKEN, MUNGPY_CATALOGUE_READ_TOKEN and
    /// MUNGPY_CATALOGUE_WRITE_TOKEN may each hold a token of that scope
    #[arg(long, value_name = "FILE", env = "MUNGPY_TOKENS")]
    pub tokens: Option<PathBuf>,
    /// Requests a second that one address may send [default: any number]
    #[arg(long, value_name = "N", env = "MUNGPY_RATE_LIMIT")]
    pub rate_limit: Option<NonZeroU32>,
    /// Address and port at which Prometheus finds /metrics [default: none]
    #[arg(long, value_name = "ADDRESS", env = "MUNGPY_METRICS")]
    pub metrics: Option<SocketAddr>,
    /// Collector that traces are sent to by OTLP over HTTP, e.g. http://localhost:4318
    /// [default: none]
    #[arg(long, value_name = "URL", env = "MUNGPY_OTLP", hide_env_values = true)]
    pub otlp: Option<Secret>,
}

impl BatchOptions {
    /// How listings and photos are fetched.
    pub fn web(&self) -> WebOptions {
        let default = WebOptions::default();
        let given = |number: Option<NonZeroUsize>, default| number.map_or(default, usize::from);
        WebOptions {
            allow_private_addresses: self.allow_private_addresses,
            per_host: given(self.fetches_per_host, default.per_host),
            timeout: self
                .fetch_timeout
                .map_or(default.timeout, |seconds| Duration::from_secs(seconds.get().into())),
            attempts: given(self.fetch_attempts, default.attempts),
            ..default
        }
    }

    /// Photos that are fetched at a time.
    pub fn fetches(&self) -> usize {
        self.fetches.map_or(DEFAULT_FETCHES, NonZeroUsize::get)
    }

    /// When the batch runs by itself.
    pub fn schedule(&self) -> Result<Schedule, ScheduleError> {
        let default = Schedule::default();
        let cron = self.schedule.as_deref().unwrap_or(default.cron());
        Schedule::parse(cron, self.time_zone.as_deref().unwrap_or(default.zone().name()))
    }
}

impl ServeOptions {
    /// What callers may use of the server.
    pub fn limits(&self) -> Limits {
        let default = Limits::default();
        let seconds = |given: Option<u64>, default| given.map_or(default, Limits::seconds);
        Limits {
            connections: self.max_connections.unwrap_or(default.connections).max(1),
            body_memory: self
                .body_memory
                .map_or(default.body_memory, |mib| mib.saturating_mul(MIB)),
            receive_timeout: seconds(self.receive_timeout, default.receive_timeout),
            idle_timeout: seconds(self.idle_timeout, default.idle_timeout),
            grace: seconds(self.grace, default.grace),
        }
    }
}

impl ServeOptions {
    /// How long new requests are taken after the signal to stop.
    pub fn drain_pause(&self) -> Duration {
        Duration::from_secs(self.drain_pause.unwrap_or(0).min(3600))
    }

    /// Age of the catalogue from which on the server is not ready.
    pub fn max_catalogue_age(&self) -> Option<Duration> {
        self.max_catalogue_age.map(|hours| Duration::from_secs(u64::from(hours.get()) * 3600))
    }
}

/// A species, as an argument names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)] // a doc comment would become help text
pub enum SpeciesArg {
    Dog,
    Person,
}

impl From<SpeciesArg> for Species {
    fn from(species: SpeciesArg) -> Self {
        match species {
            SpeciesArg::Dog => Self::Dog,
            SpeciesArg::Person => Self::Person,
        }
    }
}

/// Parses `own` or `dlib`; `published` is an older name for `dlib`.
fn model_origin() -> impl TypedValueParser<Value = ModelOrigin> {
    let values = [PossibleValue::new("own"), PossibleValue::new("dlib").alias("published")];
    PossibleValuesParser::new(values).map(|word| match &word[..] {
        "own" => ModelOrigin::Own,
        _ => ModelOrigin::Dlib,
    })
}

fn person_proportions() -> impl TypedValueParser<Value = PersonProportions> {
    PossibleValuesParser::new(["estimated", "measured"]).map(|word| match &word[..] {
        "measured" => PersonProportions::Measured,
        _ => PersonProportions::Estimated,
    })
}
