//! The command-line arguments. Doc comments here are the help texts.
#![allow(clippy::doc_markdown)]

use std::{ffi::OsString, path::PathBuf};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::{Args as ClapArgs, Parser, Subcommand};

use crate::settings::{BatchOptions, CommonOptions, ServeOptions, SpeciesArg};

/// Finds the adoptable dog whose facial proportions are most like a person's
#[derive(Debug, Parser)]
#[command(name = "mungpy", version, about, max_term_width = 100)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) common: CommonOptions,
    /// Configuration file (TOML); arguments and environment win over it
    #[arg(long, global = true, value_name = "FILE", env = "MUNGPY_CONFIG")]
    pub(super) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Measure the largest face in each photo
    Extract(Extract),
    /// Measure new dogs, drop those that are gone, publish the catalogue
    Batch(Batch),
    /// Look into the published catalogue, move it, or go back to an earlier one
    Catalogue(CatalogueArgs),
    /// Find the dog most like a person, locally or through a server
    Match(Match),
    /// Serve gRPC with health checks and reflection
    Serve(Serve),
    /// Check or fetch the model files
    Models(Models),
    /// Show the settings
    Config(Config),
    /// Moved to mungpy-lab, which must be in the same directory as this program
    #[command(hide = true, disable_help_flag = true)]
    Evaluate(Lab),
    /// Moved to mungpy-lab, which must be in the same directory as this program
    #[command(hide = true, disable_help_flag = true)]
    Population(Lab),
}

#[derive(Debug, ClapArgs)]
pub(super) struct Extract {
    /// Species of the faces to look for
    #[arg(long)]
    pub(super) species: SpeciesArg,
    /// Print one JSON object per line
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
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Batch {
    #[command(subcommand)]
    pub(super) action: Option<BatchAction>,
    #[command(flatten)]
    pub(super) options: BatchOptions,
    /// Allow a source without dogs to empty the catalogue
    #[arg(long)]
    pub(super) allow_empty: bool,
    /// Allow this run to remove any number of dogs, even all
    #[arg(long)]
    pub(super) allow_removals: bool,
    /// Say what the run would do, without measuring, removing or publishing anything
    #[arg(long, conflicts_with = "daemon")]
    pub(super) dry_run: bool,
    /// Measure at most so many dogs; the others wait for the next run
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
    /// Measure all dogs again, although nothing has changed
    #[arg(long)]
    pub(super) force: bool,
    /// Have all sources list all their dogs, as some tell only what has changed otherwise
    #[arg(long, conflicts_with = "since")]
    pub(super) full: bool,
    /// Ask sources that can only for what has changed since then: a date, or RFC 3339
    #[arg(long, value_name = "WHEN", value_parser = instant)]
    pub(super) since: Option<DateTime<Utc>>,
    /// Stay, and run at the fixed time; SIGUSR1 starts a run at once
    #[arg(long, conflicts_with_all = ["limit", "force", "full", "since", "allow_empty", "allow_removals", "json"])]
    pub(super) daemon: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum BatchAction {
    /// Show the last runs, oldest first
    History {
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
}

/// A date, which begins at midnight UTC, or a time with its offset.
fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Ok(date.and_time(NaiveTime::MIN).and_utc());
    }
    let time = DateTime::parse_from_rfc3339(text);
    time.map(|time| time.to_utc())
        .map_err(|_| "write 2026-11-28 or 2026-11-28T03:00:00+09:00".to_owned())
}

#[derive(Debug, ClapArgs)]
pub(super) struct CatalogueArgs {
    #[command(subcommand)]
    pub(super) action: CatalogueAction,
}

#[derive(Debug, Subcommand)]
pub(super) enum CatalogueAction {
    /// Write the catalogue as JSON Lines: a header, then one line for each dog
    Export {
        /// File to write [default: standard output]
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Publish a catalogue that was exported; a damaged file changes nothing
    Import {
        /// File that export has written
        file: PathBuf,
    },
    /// List the dogs that can be matched
    List {
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
        /// List those that cannot be matched instead, with the reasons
        #[arg(long)]
        refused: bool,
    },
    /// Show what is published of one dog, as JSON
    Show {
        /// Id of the dog
        dog_id: String,
    },
    /// Count dogs by source, and show version, kept versions and the last run
    Stats {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Publish an earlier catalogue again, until the next batch
    Rollback {
        /// Version to go back to [default: the last one before the current]
        version: Option<u64>,
    },
}

#[derive(Debug, ClapArgs)]
pub(super) struct Match {
    /// 1 to 5 photos of one person
    #[arg(required = true, value_name = "PHOTO")]
    pub(super) photos: Vec<PathBuf>,
    /// Answer of the temperament questionnaire, e.g. energy=homebody; append ! to require it
    #[arg(long = "answer", value_name = "AXIS=SIDE")]
    pub(super) answers: Vec<String>,
    /// Ask the gRPC server at this URL instead of using the data directory
    #[arg(long, value_name = "URL")]
    pub(super) server: Option<String>,
    /// Seconds to wait for the server
    #[arg(long, default_value_t = 30, value_name = "SECONDS", requires = "server",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) timeout: u64,
    /// Number of dogs to name
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(super) top: u32,
    /// Dog to leave out; may be repeated
    #[arg(long, value_name = "DOG ID")]
    pub(super) exclude: Vec<String>,
    /// Language of the explanation: en or ko
    #[arg(long, default_value = "en")]
    pub(super) language: String,
    /// Print the response of the gRPC contract as JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Draw person and dog side by side
    #[arg(long, value_name = "OUT.png", conflicts_with = "server")]
    pub(super) picture: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Serve {
    #[command(flatten)]
    pub(super) options: ServeOptions,
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
    /// Fetch dlib's models, which are not shipped, and check them
    Fetch {
        /// Address (http, https) or local mirror directory with the files
        #[arg(long, value_name = "URL|DIR", env = "MUNGPY_MODELS_FROM")]
        from: String,
        /// Directory to write to; pass it as --models afterwards
        #[arg(long, value_name = "DIR", default_value = "mungpy-models")]
        to: PathBuf,
    },
}

#[derive(Debug, ClapArgs)]
pub(super) struct Config {
    #[command(subcommand)]
    pub(super) action: ConfigAction,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigAction {
    /// Print every setting with its origin; passwords are masked
    Show,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Lab {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(super) arguments: Vec<OsString>,
}
