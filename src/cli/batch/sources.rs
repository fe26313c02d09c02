//! The sources of the batch, as settings name them.

use chrono::TimeDelta;
use mungpy_core::reason::Reason;
use mungpy_source::{DogSource, FolderSource, web::WebClient};

use super::{BatchSource, Failure};
use crate::settings::{BatchOptions, Layers, SettingsError};

/// Name of the source that options name.
const OF_OPTIONS: &str = "source";

/// The client that fetches listings and photos.
pub(super) fn web(layers: &Layers) -> Result<WebClient, Failure> {
    Ok(WebClient::new(layers.batch.web())?)
}

/// The sources of the file, and the folder or database that `--source` and `--database` name.
pub(super) fn all(layers: &Layers, web: &WebClient) -> Result<Vec<BatchSource>, Failure> {
    let mut sources = Vec::new();
    for config in &layers.sources {
        sources.push(BatchSource {
            name: config.name().to_owned(),
            fingerprint: serde_json::to_string(config).expect("a source is plain data"),
            full_every: TimeDelta::hours(config.full_every.into()),
            source: config.build(&layers.folder, web)?,
        });
    }
    if sources.is_empty() || layers.batch.source.is_some() {
        if sources.iter().any(|source| source.name == OF_OPTIONS) {
            let message = format!(
                "a [[source]] is called {OF_OPTIONS:?}, as the one of --source is; give it another name"
            );
            return Err(Failure::new(Reason::ConfigInvalid, message));
        }
        sources.push(BatchSource {
            name: OF_OPTIONS.to_owned(),
            fingerprint: String::new(),
            full_every: TimeDelta::zero(),
            source: named_by_options(&layers.batch)?,
        });
    }
    Ok(sources)
}

fn named_by_options(options: &BatchOptions) -> Result<Box<dyn DogSource>, Failure> {
    let folder = options.source.as_deref().ok_or(SettingsError::Missing {
        what: "the folder of dogs",
        argument: "--source",
        variable: "MUNGPY_SOURCE",
        key: "source under [batch], or a [[source]]",
    })?;
    match &options.database {
        Some(url) => database(url, options.query.as_deref(), folder),
        None => Ok(Box::new(FolderSource::new(folder))),
    }
}

#[cfg(feature = "postgres")]
fn database(
    url: &crate::settings::Secret,
    query: Option<&str>,
    photos: &std::path::Path,
) -> Result<Box<dyn DogSource>, Failure> {
    use mungpy_source::PostgresSource;

    let query = query.unwrap_or(PostgresSource::QUERY);
    Ok(Box::new(PostgresSource::new(url.expose(), query, photos)?))
}

#[cfg(not(feature = "postgres"))]
fn database(
    _: &crate::settings::Secret,
    _: Option<&str>,
    _: &std::path::Path,
) -> Result<Box<dyn DogSource>, Failure> {
    let message = "this build reads no databases; build it with --features postgres";
    Err(Failure::new(Reason::FeatureMissing, message))
}
