//! What makes a person and a dog alike: deviation from one's own kind.
//!
//! Raw proportions of the two species hardly overlap. So each face is described
//! by how it differs from the mean of its species ([`Population`]), both species
//! are brought into one [`Space`], and the distance there is turned into a
//! percentile ([`Calibration`]) and into words ([`explain`]). Pure functions.

mod discriminant;
mod explanation;
mod handicap;
mod population;
mod repeatability;
mod score;
mod space;

pub use discriminant::{Discriminant, discriminants};
pub use explanation::{Language, RatioAgreement, explain};
pub use handicap::{HandicapRule, assign_handicaps, assign_handicaps_by};
pub use population::{Population, PopulationError, moments};
pub use repeatability::{Individual, Recording, ratio_repeatabilities, within_covariance};
pub use score::{Calibration, sample_faces, sample_persons};
pub use space::{DIRECTIONS, EMBEDDING_LEN, Embedding, Space};
