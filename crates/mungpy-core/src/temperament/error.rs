//! Why a questionnaire file or an answer was refused.

use crate::reason::{Reason, WithReason};

/// Why a questionnaire file or an answer was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemperamentError {
    /// The file cannot be used.
    #[error("temperament file: {0}")]
    InvalidFile(String),
    /// An answer on an axis that does not exist.
    #[error("temperament axis {axis:?} is unknown; known are {}", known.join(", "))]
    UnknownAxis {
        /// The axis as given.
        axis: String,
        /// Keys of the axes.
        known: Vec<String>,
    },
    /// An answer with a side that the axis does not have.
    #[error("temperament side {side:?} is unknown on axis {axis}; known are {}", known.join(", "))]
    UnknownSide {
        /// Key of the axis.
        axis: String,
        /// The side as given.
        side: String,
        /// Keys of its sides.
        known: Vec<String>,
    },
    /// Two answers on one axis.
    #[error("temperament axis {axis} is answered twice; give one answer for each axis")]
    AnsweredTwice {
        /// Key of the axis.
        axis: String,
    },
}

impl WithReason for TemperamentError {
    fn reason(&self) -> Reason {
        match self {
            Self::InvalidFile(_) => Reason::TemperamentFileInvalid,
            Self::UnknownAxis { .. } => Reason::UnknownAxis,
            Self::UnknownSide { .. } => Reason::UnknownSide,
            Self::AnsweredTwice { .. } => Reason::AnsweredTwice,
        }
    }
}
