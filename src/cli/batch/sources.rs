//! The sources of the batch, as settings name them.

use chrono::TimeDelta;
use mungpy_core::reason::Reason;
use mungpy_source::{DogSource, FolderSource, pushed::PushedSource, web::WebClient};

use super::{BatchSource, Failure};
use crate::{
    catalogue::DataDir,
    settings::{BatchOptions, Layers, SettingsError},
};

/// Name of the source that options name.
const OF_OPTIONS: &str = "source";

/// The client that fetches listings and photos.
pub(super) fn web(layers: &Layers) -> Result<WebClient, Failure> {
    Ok(WebClient::new(layers.batch.web())?)
}

/// Which pushed dogs are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    /// Those that there are now.
    IfAny,
    /// Also those that come later, as a server takes them while the batch waits.
    Always,
}

/// The sources of the file, the folder or database that `--source` and `--database` name, and the
/// dogs that were pushed.
pub(super) fn all(
    layers: &Layers,
    data_dir: &DataDir,
    web: &WebClient,
    pushed: Pushed,
) -> Result<Vec<BatchSource>, Failure> {
    let mut sources = Vec::new();
    for config in &layers.sources {
        sources.push(BatchSource {
            name: config.name().to_owned(),
            fingerprint: serde_json::to_string(config).expect("a source is plain data"),
            full_every: TimeDelta::hours(config.full_every.into()),
            source: config.build(&layers.folder, web)?,
        });
    }
    let source = PushedSource::new(&data_dir.pushed_path());
    let has_pushed = pushed == Pushed::Always || source.has_dogs();
    if layers.batch.source.is_some() || (sources.is_empty() && !has_pushed) {
        add(&mut sources, OF_OPTIONS, "the one of --source", named_by_options(&layers.batch)?)?;
    }
    if has_pushed {
        add(&mut sources, PushedSource::NAME, "that of pushed dogs", Box::new(source))?;
    }
    Ok(sources)
}

/// Adds a source that the file does not name.
fn add(
    sources: &mut Vec<BatchSource>,
    name: &str,
    which: &str,
    source: Box<dyn DogSource>,
) -> Result<(), Failure> {
    if sources.iter().any(|known| known.name == name) {
        let message =
            format!("a [[source]] is called {name:?}, as {which} is; give it another name");
        return Err(Failure::new(Reason::ConfigInvalid, message));
    }
    let (name, fingerprint, full_every) = (name.to_owned(), String::new(), TimeDelta::zero());
    sources.push(BatchSource { name, fingerprint, full_every, source });
    Ok(())
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
