//! A dog resembles a person if both differ from their own kind in the same way.
//!
//! The raw proportions of the two species hardly overlap. Each face is therefore described by its
//! deviation from the mean of its species ([`Population`]). Both species are mapped into one
//! [`Space`], and the distance there becomes a percentile ([`Calibration`]) and words
//! ([`explain`]). All functions are pure.

mod explanation;
mod handicap;
mod population;
mod score;
mod space;

pub use explanation::{Language, RatioAgreement, explain};
pub use handicap::assign_handicaps;
pub use population::{Population, PopulationError, intraclass_correlation, within_covariance};
pub use score::{Calibration, sample_faces};
pub use space::{EMBEDDING_LEN, Embedding, Space};
