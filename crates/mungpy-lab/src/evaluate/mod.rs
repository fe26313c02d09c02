//! How well the resemblance holds: measured on photos of people and dogs.
//!
//! [`Gallery`] finds the photos, [`measure_all`] measures them (each photo once:
//! the results are kept in a [`Cache`]), [`Method`]s turn measurements into
//! vectors, and [`Findings`] holds what is then counted.

mod bound;
mod cache;
mod conditions;
mod distortion;
mod fairness;
mod findings;
mod gallery;
mod measured;
mod method;
mod metrics;
mod report;
mod study;
mod twins;

pub use cache::{Cache, CacheError, Face};
pub use conditions::distortions;
pub use distortion::Distortion;
pub use findings::{Bound, Condition, Findings, MethodFindings, RobustnessFindings, Twins};
pub use gallery::{Gallery, Picture};
pub use measured::{Extent, GalleryMeasurements, measure_all};
pub use method::Method;
pub use report::{html, table};
pub use study::{space_of, study};
pub use twins::plant;
