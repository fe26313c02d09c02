//! The catalogue that is served. Its age is that of the moment of the scrape.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, registry::Registry};

use crate::instruments::constant;

/// Version, dogs and time of publication of the catalogue that is served.
#[derive(Debug, Default)]
pub(super) struct Published(Mutex<Option<(u64, usize, SystemTime)>>);

impl Published {
    pub(super) fn new(registry: &mut Registry) -> Arc<Self> {
        let published = Arc::new(Self::default());
        registry.register_collector(Box::new(Scrape(Arc::clone(&published))));
        published
    }

    pub(super) fn set(&self, version: u64, dogs: usize, published: SystemTime) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((version, dogs, published));
    }
}

/// Reads it at each scrape.
#[derive(Debug)]
struct Scrape(Arc<Published>);

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let published = *self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (version, dogs) = published.map_or((0, 0), |(version, dogs, _)| (version, dogs));
        let help = "Dogs of the catalogue that can still be adopted; 0 if there is none";
        constant(&mut encoder, "mungpy_catalogue_dogs", help, dogs)?;
        let help = "Version of the catalogue that is served; 0 if there is none";
        constant(&mut encoder, "mungpy_catalogue_version", help, version)?;
        let Some((_, _, time)) = published else { return Ok(()) };
        // A clock that went back makes no catalogue younger than new.
        let age = SystemTime::now().duration_since(time).unwrap_or_default().as_secs_f64();
        let help = "Time since the catalogue that is served was published, in seconds";
        constant(&mut encoder, "mungpy_catalogue_age_seconds", help, age)
    }
}
