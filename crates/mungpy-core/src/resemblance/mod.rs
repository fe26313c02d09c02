//! A dog resembles a person if both differ from their own kind in the same way.
//!
//! The raw proportions of the two species hardly overlap. Each face is therefore described by its
//! deviation from the mean of its species ([`Population`]). Both species are mapped into one
//! [`Space`], and the distance there becomes a percentile ([`Calibration`]) and words
//! ([`explain`]). All functions are pure.

mod combination;
mod discriminant;
mod estimator;
mod explanation;
mod fit;
mod handicap;
mod hubs;
mod population;
mod repeatability;
mod score;
mod space;
mod standard;
mod sums;
mod transport;

pub use combination::Combination;
pub use discriminant::{Discriminant, discriminants};
pub use estimator::{DESCRIPTOR_LEN, PersonEstimator};
pub use explanation::{Language, RatioAgreement, explain};
pub use fit::{Fit, FitOptions, FitPhoto, fit};
pub use handicap::{HandicapRule, assign_handicaps, assign_handicaps_by, assign_handicaps_for};
pub use population::{Population, PopulationError, Shrinkage, moments};
pub use repeatability::{
    Individual, Recording, intraclass_correlation, ratio_repeatabilities, within_covariance,
};
pub use score::{Calibration, sample_faces, sample_persons};
pub use space::{DIRECTIONS, EMBEDDING_LEN, Embedding, Space};
pub use sums::PersonSums;
pub use transport::Transport;
