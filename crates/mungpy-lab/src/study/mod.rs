//! Tables of docs/EXPERIMENTS.md that tell how the method was chosen.
//!
//! - [`space`]: which features, along which directions, scaled how
//! - [`handicap`]: how much of a dog's nearness to persons is made up for
//! - [`shrinkage`]: steadiness bought with fairness
//!
//! Each study gives rows of figures (shares are between 0 and 1), and a
//! [`StudyTable`] shows any of them.

pub mod handicap;
pub mod shrinkage;
pub mod space;
mod variant;

use mungpy_core::reason::{Reason, WithReason};
use serde::Serialize;

pub use variant::{Features, Scaling, Variant};

use crate::report::{self, Row, Section};

/// The measurements do not suffice for a study.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// Too few persons for the split.
    #[error(
        "{found} people were measured in two recordings, at least {needed} are needed; name folders with more people"
    )]
    TooFewPeople {
        /// Persons with two recordings.
        found: usize,
        /// Least number of them.
        needed: usize,
    },
}

impl WithReason for StudyError {
    fn reason(&self) -> Reason {
        match self {
            Self::TooFewPeople { .. } => Reason::TooFewPeople,
        }
    }
}

/// A row of a study.
pub trait StudyRow: Serialize {
    /// Subject of the table.
    const HEADING: &'static str;
    /// Names of the columns of figures.
    const COLUMNS: &'static [&'static str];

    /// Subject of the figures.
    fn name(&self) -> String;

    /// One for each column.
    fn figures(&self) -> Vec<String>;
}

/// The rows of one study, for people and for programs.
#[derive(Debug, Clone)]
pub struct StudyTable<R>(pub Vec<R>);

impl<R: StudyRow> StudyTable<R> {
    /// Plain text, aligned in columns.
    pub fn text(&self) -> String {
        let rows = self.0.iter().map(|row| Row::new(row.name(), row.figures())).collect();
        report::text(&[Section::new(R::HEADING, R::COLUMNS, rows)])
    }

    /// A JSON array with an object for each row.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(&self.0).expect("rows are plain data")
    }
}
