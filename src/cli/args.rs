//! The arguments of the command line. Doc comments here are the help texts.
#![allow(clippy::doc_markdown)]

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use serde::Deserialize;

use crate::face::{PersonLandmarks, Species};

/// Finds the adoptable dog whose facial proportions are most like a person's.
#[derive(Debug, Parser)]
#[command(name = "mungpy", version, about, max_term_width = 100)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes; the same keys stand in the configuration file.
#[derive(Debug, ClapArgs)]
pub(super) struct Common {
    /// Where the store and the published catalogue lie [default: mungpy-data]
    #[arg(long, global = true, value_name = "DIR", env = "MUNGPY_DATA_DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Directory of model files, searched before the standard ones; may be repeated
    #[arg(long, global = true, value_name = "DIR", env = "MUNGPY_MODELS", value_delimiter = ':')]
    pub(super) models: Vec<PathBuf>,
    /// Detector of dog faces: own, or published by dlib's author [default: own]
    #[arg(long, global = true, value_name = "WHOSE", env = "MUNGPY_DETECTOR")]
    pub(super) detector: Option<Whose>,
    /// Landmarks of persons: own, or published with dlib (68 points, not for commercial use)
    /// [default: own]
    #[arg(long, global = true, value_name = "WHOSE", env = "MUNGPY_PERSON_LANDMARKS")]
    pub(super) person_landmarks: Option<Whose>,
    /// Configuration file (TOML); arguments and environment win over it
    #[arg(long, global = true, value_name = "FILE", env = "MUNGPY_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// Threads that measure photos [default: one for each core]
    #[arg(long, global = true, value_name = "N", env = "MUNGPY_WORKERS")]
    pub(super) workers: Option<usize>,
    /// Temperament questionnaire (TOML) in place of the built-in one
    #[arg(long, global = true, value_name = "FILE", env = "MUNGPY_TEMPERAMENT")]
    pub(super) temperament: Option<PathBuf>,
    /// Which dogs fit when a request does not say: best(N) or at_least(N) [default: best(10)]
    #[arg(long, global = true, value_name = "POLICY", env = "MUNGPY_POLICY")]
    pub(super) policy: Option<String>,
    /// Log lines for programs, one JSON object each
    #[arg(long, global = true, env = "MUNGPY_LOG_JSON")]
    pub(super) log_json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Measure the largest sure face in each photo
    Extract(Extract),
    /// Enrol new dogs, drop those that are gone, publish the catalogue
    Batch(Batch),
    /// Name the dog most like a person, without a server or by one
    Match(Match),
    /// Serve gRPC with health checks and reflection
    Serve(Serve),
    /// Look after the model files
    Models(Models),
    /// Measure how well the resemblance holds on photos of people and dogs
    Evaluate(Evaluate),
    /// Make population statistics from a folder of photos
    Population(Population),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SpeciesArg {
    Dog,
    Person,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Whose {
    Own,
    Published,
}

impl From<Whose> for PersonLandmarks {
    fn from(whose: Whose) -> Self {
        match whose {
            Whose::Own => Self::Own,
            Whose::Published => Self::Published,
        }
    }
}

impl From<SpeciesArg> for Species {
    fn from(species: SpeciesArg) -> Self {
        match species {
            SpeciesArg::Dog => Self::Dog,
            SpeciesArg::Person => Self::Person,
        }
    }
}

#[derive(Debug, ClapArgs)]
pub(super) struct Extract {
    /// Whose faces to look for
    #[arg(long)]
    pub(super) species: SpeciesArg,
    /// One JSON object a line
    #[arg(long)]
    pub(super) json: bool,
    /// Draw box, landmarks and ratios on the photo (with a single PHOTO)
    #[arg(long, value_name = "OUT.png")]
    pub(super) picture: Option<PathBuf>,
    /// JPEG, PNG or WebP files
    #[arg(required = true, value_name = "PHOTO")]
    pub(super) photos: Vec<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Batch {
    /// Folder of dogs: <dog id>.jpg or <dog id>/*.jpg, traits in dogs.csv or dogs.jsonl
    #[arg(long, value_name = "DIR", env = "MUNGPY_SOURCE")]
    pub(super) source: PathBuf,
    /// PostgreSQL database that lists the dogs in place of the folder, whose photos it names:
    /// postgres://user:password@host/database
    #[arg(long, value_name = "URL", env = "MUNGPY_DATABASE", hide_env_values = true)]
    pub(super) database: Option<String>,
    /// Query for the dogs: columns dog_id, photo, optionally image_id and one for each axis
    /// [default: SELECT * FROM dogs ORDER BY dog_id, photo]
    #[arg(long, value_name = "SQL", env = "MUNGPY_DATABASE_QUERY", requires = "database")]
    pub(super) query: Option<String>,
    /// Let a source without dogs empty the catalogue
    #[arg(long)]
    pub(super) allow_empty: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Match {
    /// Photos of one person, 1 to 5
    #[arg(required = true, value_name = "PHOTO")]
    pub(super) photos: Vec<PathBuf>,
    /// An answer of the temperament questionnaire, e.g. energy=homebody; add ! to require it
    #[arg(long = "answer", value_name = "AXIS=SIDE")]
    pub(super) answers: Vec<String>,
    /// Ask the gRPC server at this URL instead of the data directory
    #[arg(long, value_name = "URL")]
    pub(super) server: Option<String>,
    /// How many dogs to name
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(super) top: u32,
    /// A dog that must not be named; may be repeated
    #[arg(long, value_name = "DOG ID")]
    pub(super) exclude: Vec<String>,
    /// Language of the explanation: en or ko
    #[arg(long, default_value = "en")]
    pub(super) language: String,
    /// Print the answer of the gRPC contract as JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Draw person and dog side by side
    #[arg(long, value_name = "OUT.png", conflicts_with = "server")]
    pub(super) picture: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Serve {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:50051", value_name = "ADDRESS", env = "MUNGPY_LISTEN")]
    pub(super) listen: SocketAddr,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Models {
    #[command(subcommand)]
    pub(super) action: ModelsAction,
}

#[derive(Debug, Subcommand)]
pub(super) enum ModelsAction {
    /// Compare each model file with the manifest
    Verify,
    /// Bring the published models, which are not shipped, and check them
    Fetch {
        /// Address (http, https) or local mirror directory that holds the files
        #[arg(long, value_name = "URL|DIR", env = "MUNGPY_MODELS_FROM")]
        from: String,
        /// Directory to write to; name it with --models afterwards
        #[arg(long, value_name = "DIR", default_value = "mungpy-models")]
        to: PathBuf,
    },
}

#[derive(Debug, ClapArgs)]
pub(super) struct Evaluate {
    /// Photos of people: one sub-folder for each person
    #[arg(long, value_name = "DIR")]
    pub(super) people: PathBuf,
    /// Photos of dogs: one sub-folder for each dog, or plain photos; may be repeated
    #[arg(long, value_name = "DIR", required = true)]
    pub(super) dogs: Vec<PathBuf>,
    /// Photos of a person whose names begin with the same character are one recording and are not
    /// compared with each other
    #[arg(long)]
    pub(super) recordings: bool,
    /// Write index.html with plots and findings.json here
    #[arg(long, value_name = "OUT_DIR")]
    pub(super) report: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Population {
    /// Whose faces to measure
    #[arg(long)]
    pub(super) species: SpeciesArg,
    /// Photos, in them or in one sub-folder for each individual
    #[arg(value_name = "DIR", required = true)]
    pub(super) photos: Vec<PathBuf>,
    /// File to write
    #[arg(long, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// Measure repeatability: photos of an individual whose names begin with the same character
    /// are one recording and are averaged
    #[arg(long)]
    pub(super) recordings: bool,
}
