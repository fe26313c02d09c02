//! The real models, loaded once.

use std::sync::{LazyLock, Mutex, PoisonError};

use mungpy::extract::Extractor;
use mungpy_core::face::Species;

use super::common::{dog_extractor, person_extractor};

static PERSONS: LazyLock<Mutex<Extractor>> = LazyLock::new(|| person_extractor().into());
static DOGS: LazyLock<Mutex<Extractor>> = LazyLock::new(|| dog_extractor().into());

/// Works with the extractor of a species.
pub(super) fn with_extractor<R>(species: Species, work: impl FnOnce(&mut Extractor) -> R) -> R {
    let extractor = match species {
        Species::Person => &PERSONS,
        Species::Dog => &DOGS,
    };
    work(&mut extractor.lock().unwrap_or_else(PoisonError::into_inner))
}
