//! The arguments of the command line. Doc comments here are the help texts.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use mungpy::settings::{CommonOptions, SpeciesArg};

/// Studies how well the resemblance holds; never serves.
#[derive(Debug, Parser)]
#[command(name = "mungpy-lab", version, about, max_term_width = 100)]
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
    /// Measure how well the resemblance holds on photos of people and dogs
    Evaluate(Evaluate),
    /// Make population statistics from a folder of photos
    Population(Population),
    /// Fit the estimator of persons' proportions to photos of persons on several occasions
    Estimator(Estimator),
    /// Print a table that tells how the method was chosen
    Study(Study),
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
    /// Another collection of people, compared side by side with the first; may be repeated
    #[arg(long, value_name = "DIR")]
    pub(super) also: Vec<PathBuf>,
    /// Photos that the estimator was fitted to: persons who likely occur in them under another
    /// name are left out, and so are pictures published twice; may be repeated
    #[arg(long, value_name = "DIR")]
    pub(super) fitted_on: Vec<PathBuf>,
    /// Groups of persons who look alike to tell apart in each collection
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) groups: usize,
    /// Write index.html with plots and findings.json here
    #[arg(long, value_name = "OUT_DIR")]
    pub(super) report: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Population {
    /// Whose faces to measure
    #[arg(long)]
    pub(super) species: SpeciesArg,
    /// Centre the estimator on the public whose running sums `mungpy serve --public-sums` kept, in
    /// place of measuring photos; the output is an estimator file
    #[arg(long, value_name = "FILE", conflicts_with = "photos")]
    pub(super) sums: Option<PathBuf>,
    /// Photos, in them or in one sub-folder for each individual
    #[arg(value_name = "DIR", required_unless_present = "sums")]
    pub(super) photos: Vec<PathBuf>,
    /// File to write
    #[arg(long, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// Measure repeatability: photos of an individual whose names begin with the same character
    /// are one recording and are averaged
    #[arg(long)]
    pub(super) recordings: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Estimator {
    /// Photos that the estimator is fitted to: one sub-folder for each person; photos whose names
    /// begin with the same character are of one occasion
    #[arg(long, value_name = "DIR")]
    pub(super) people: PathBuf,
    /// Photos of another kind, towards whose mean person the statistics are centred half-way; may
    /// be repeated
    #[arg(long, value_name = "DIR")]
    pub(super) centre: Vec<PathBuf>,
    /// Ridge of the regression, in mean eigenvalues of the inputs' covariance
    #[arg(long, value_name = "NUMBER", default_value_t = 10.0)]
    pub(super) ridge: f64,
    /// Variance of a measured feature beside 1 of a number of the descriptor: more is truer and
    /// less steady
    #[arg(long, value_name = "NUMBER", default_value_t = 0.35)]
    pub(super) measured_share: f64,
    /// File to write
    #[arg(long, value_name = "FILE")]
    pub(super) output: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum StudyName {
    /// Which features of a face, along which directions, scaled how; needs people
    Space,
    /// How much chance a dog's handicap gives, and at what price; needs people and dogs
    Handicap,
    /// Steadiness against fairness on sampled persons, with the repeatability of people or of the
    /// shipped statistics
    Shrinkage,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Study {
    /// Which table
    #[arg(value_enum)]
    pub(super) name: StudyName,
    /// Photos of people: one sub-folder for each person; may be repeated
    #[arg(
        long,
        value_name = "DIR",
        required_if_eq_any([("name", "space"), ("name", "handicap")])
    )]
    pub(super) people: Vec<PathBuf>,
    /// Photos of dogs: one sub-folder for each dog, or plain photos; may be repeated
    #[arg(long, value_name = "DIR", required_if_eq("name", "handicap"))]
    pub(super) dogs: Vec<PathBuf>,
    /// Photos of a person whose names begin with the same character are one recording and are not
    /// compared with each other
    #[arg(long)]
    pub(super) recordings: bool,
    /// Print the rows as JSON; shares are between 0 and 1
    #[arg(long)]
    pub(super) json: bool,
}
