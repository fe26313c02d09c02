//! A PostgreSQL database as a source of dogs, with their photos in a folder.
//!
//! It asks the backend that knows the dogs every night, so nothing has to be exported. A single
//! query, which the operator may replace, lists one photo per row.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::{Component, Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use mungpy_core::reason::Reason;
use mungpy_core::temperament::Questionnaire;
use postgres::{Client, Config, NoTls, SimpleQueryMessage, SimpleQueryRow, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    SourceError, details,
    listing::{DogSource, Fault, ListRequest, ListedDog, ListedPhoto, Listing, PhotoPlace},
};

/// Connection timeout unless the URL sets one.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// Dogs listed by a database.
///
/// Each row of the query is one photo of one dog: `dog_id`, `photo` (path below the folder of
/// photos), optionally `image_id`, and one column for each axis of the temperament questionnaire
/// that the database knows. Several rows of one dog are several photos; traits and image id come
/// from the first.
#[derive(Debug, Clone)]
pub struct PostgresSource {
    config: Config,
    query: String,
    photos: PathBuf,
}

impl PostgresSource {
    /// The query that runs unless another is configured.
    pub const QUERY: &str = "SELECT * FROM dogs ORDER BY dog_id, photo";

    /// The source behind `url` (`postgres://user:password@host/database`), with photos below a
    /// folder. With `sslmode=require` the connection is encrypted and the server's certificate is
    /// checked against the system's authorities.
    pub fn new(url: &str, query: &str, photos: &Path) -> Result<Self, SourceError> {
        let mut config: Config = url.parse().map_err(|error: postgres::Error| {
            // The URL may contain a password, so it stays out of the message.
            SourceError::Database { name: "URL of the database".to_owned(), detail: detail(&error) }
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_PATIENCE);
        }
        Ok(Self { config, query: query.to_owned(), photos: photos.to_owned() })
    }

    fn rows(&self) -> Result<Vec<SimpleQueryRow>, postgres::Error> {
        let mut client = match self.config.get_ssl_mode() {
            SslMode::Require => self.config.connect(verifying())?,
            _ => self.config.connect(NoTls)?,
        };
        read(&mut client, &self.query)
    }

    /// The photo of a row as id and path, unless the path leaves the folder.
    fn photo(&self, name: &str) -> Option<ListedPhoto> {
        let below = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        let photo = ListedPhoto {
            image_id: name.to_owned(),
            place: PhotoPlace::File(self.photos.join(name)),
        };
        (below && !name.is_empty()).then_some(photo)
    }

    /// The dog of a row, with its one photo.
    fn dog(
        &self,
        row: &Row<'_>,
        questionnaire: &Questionnaire,
        faults: &mut Vec<Fault>,
    ) -> Result<ListedDog, Fault> {
        let dog_id = row.value("dog_id").ok_or_else(|| Fault {
            dog_id: format!("row {}", row.number),
            reason: Reason::DogIdInvalid,
            message: "the row has no dog_id".to_owned(),
        })?;
        if let Some(fault) = Fault::of_id(dog_id) {
            return Err(fault);
        }
        let fault = |reason, message: String| Fault { dog_id: dog_id.to_owned(), reason, message };
        let name = row.value("photo").ok_or_else(|| {
            fault(Reason::DogWithoutPhoto, format!("row {} of the dog names no photo", row.number))
        })?;
        let photo = self.photo(name).ok_or_else(|| {
            let message = format!("photo {name:?} is not a path below the folder of photos");
            fault(Reason::PhotoUnreadable, message)
        })?;
        let axes = questionnaire.axes().iter();
        let traits = axes
            .filter_map(|axis| Some((axis.key.clone(), row.value(&axis.key)?.to_owned())))
            .collect();
        Ok(ListedDog {
            dog_id: dog_id.to_owned(),
            image_id: row.value("image_id").map(str::to_owned),
            photos: vec![photo],
            traits: details::known_traits(dog_id, traits, questionnaire, faults),
            ..ListedDog::default()
        })
    }
}

impl DogSource for PostgresSource {
    fn name(&self) -> String {
        format!("database {}", self.config.get_dbname().unwrap_or_default())
    }

    fn list(&self, request: &ListRequest<'_>) -> Result<Listing, SourceError> {
        let failed = |detail| SourceError::Database { name: self.name(), detail };
        let rows = self.rows().map_err(|error| failed(detail(&error)))?;
        if let Some(missing) = rows.first().and_then(missing_column) {
            return Err(failed(format!("the query yields no column {missing}")));
        }
        let mut listing = Listing::default();
        let mut dogs: BTreeMap<String, ListedDog> = BTreeMap::new();
        for (index, row) in rows.iter().enumerate() {
            let row = Row { number: index + 1, row };
            match self.dog(&row, request.questionnaire, &mut listing.faults) {
                Ok(dog) => match dogs.entry(dog.dog_id.clone()) {
                    Entry::Occupied(first) => first.into_mut().photos.extend(dog.photos),
                    Entry::Vacant(place) => {
                        place.insert(dog);
                    }
                },
                Err(fault) => listing.faults.push(fault),
            }
        }
        listing.dogs = dogs.into_values().collect();
        Ok(listing)
    }
}

/// One row of the result, with all values as text whatever their type.
struct Row<'a> {
    number: usize,
    row: &'a SimpleQueryRow,
}

impl<'a> Row<'a> {
    /// The value of a column; `None` if it is absent, null or blank.
    fn value(&self, column: &str) -> Option<&'a str> {
        let text = self.row.try_get(column).ok().flatten()?.trim();
        (!text.is_empty()).then_some(text)
    }
}

fn missing_column(row: &SimpleQueryRow) -> Option<&'static str> {
    let has = |name: &str| row.columns().iter().any(|column| column.name() == name);
    ["dog_id", "photo"].into_iter().find(|name| !has(name))
}

/// Runs the query in a read-only transaction.
fn read(client: &mut Client, query: &str) -> Result<Vec<SimpleQueryRow>, postgres::Error> {
    let mut transaction = client.build_transaction().read_only(true).start()?;
    let messages = transaction.simple_query(query)?;
    let row = |message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    };
    Ok(messages.into_iter().filter_map(row).collect())
}

/// TLS that trusts the system's authorities.
fn verifying() -> MakeRustlsConnect {
    let mut authorities = rustls::RootCertStore::empty();
    authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .expect("ring knows the default versions")
    .with_root_certificates(authorities)
    .with_no_client_auth();
    MakeRustlsConnect::new(config)
}

/// The error with its cause, which holds the message of the server or the network.
fn detail(error: &postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
