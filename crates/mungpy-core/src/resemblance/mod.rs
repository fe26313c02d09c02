//! What makes a person and a dog alike: deviation from one's own kind.
//!
//! Raw proportions of the two species hardly overlap. So each face is described
//! by how it differs from the mean of its species ([`Population`]), both species
//! are brought into one [`Space`], and the distance there is turned into a
//! percentile ([`Calibration`]) and into words ([`explain`]). Pure functions.

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
