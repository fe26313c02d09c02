//! Sources as the configuration names them.

mod error;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fmt,
    path::{Path, PathBuf},
};

use mungpy_runtime::files;
use serde::{Deserialize, Serialize};
use url::Url;

pub use error::ConfigError;

use crate::{
    AsmSource, FolderSource, KoreaSource, ManifestSource, RescueGroupsSource, ShelterluvSource,
    listing::DogSource, named::NamedSource, web::WebClient,
};

/// Largest file with a key.
const MAX_KEY_BYTES: u64 = 64 << 10;

/// Hours between two full passes unless configured: a week.
const FULL_EVERY: u32 = 168;

/// One `[[source]]`. It tells where secrets are and never holds one, so it can be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceConfig {
    /// Name for messages and records; the kind unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the ids of its dogs begin with.
    #[serde(default)]
    pub prefix: String,
    /// Hours between two full passes of a source that can list changes.
    #[serde(default = "full_every")]
    pub full_every: u32,
    /// File that holds the key or password; unless given, it is in the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// Attributes of all its dogs for which the source tells none, such as `shelter` and `phone`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// Where the dogs are.
    #[serde(flatten)]
    pub kind: SourceKind,
}

/// The kinds of sources, each with its own keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum SourceKind {
    /// A folder of photos.
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// A PostgreSQL database.
    Postgres {
        /// Environment variable that holds its URL.
        #[serde(default = "database_variable")]
        url_env: String,
        /// Query for the dogs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        query: Option<String>,
        /// Folder of the photos.
        photos: PathBuf,
    },
    /// A list in a file or on the web.
    Manifest {
        /// Path or address of the list.
        place: ManifestPlace,
    },
    /// The public feed of rescued animals in Korea.
    Korea {
        /// Address of the service.
        #[serde(default = "korea")]
        base_url: Url,
        /// Rows that are asked for at a time.
        #[serde(default = "korea_rows")]
        rows: usize,
    },
    /// `RescueGroups.org`.
    Rescuegroups {
        /// Address of the service.
        #[serde(default = "rescuegroups")]
        base_url: Url,
    },
    /// Shelterluv.
    Shelterluv {
        /// Address of the service.
        #[serde(default = "shelterluv")]
        base_url: Url,
    },
    /// Animal Shelter Manager.
    Asm {
        /// Address of the service.
        #[serde(default = "asm")]
        base_url: Url,
        /// The shelter's account; none on a shelter's own installation.
        #[serde(default)]
        account: String,
        /// Name of the user.
        username: String,
    },
}

impl SourceKind {
    fn base_url(&self) -> Option<&Url> {
        match self {
            Self::Folder { .. } | Self::Postgres { .. } | Self::Manifest { .. } => None,
            Self::Korea { base_url, .. }
            | Self::Rescuegroups { base_url }
            | Self::Shelterluv { base_url }
            | Self::Asm { base_url, .. } => Some(base_url),
        }
    }
}

/// Path or address of a list. An address is shown without login and query, which may be secret.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ManifestPlace(String);

impl ManifestPlace {
    /// The place as given.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn shown(&self) -> String {
        let Some(mut url) = Url::parse(&self.0).ok().filter(Url::has_host) else {
            return self.0.clone();
        };
        let is_whole = url.query().is_none() && url.username().is_empty();
        if is_whole && url.password().is_none() {
            return self.0.clone();
        }
        let query = url.query().map(|_| "***");
        url.set_query(query);
        // An address with a host can have a login.
        let _ = url.set_password(None);
        let _ = url.set_username("");
        url.to_string()
    }
}

impl fmt::Debug for ManifestPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown().fmt(f)
    }
}

impl Serialize for ManifestPlace {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}

fn full_every() -> u32 {
    FULL_EVERY
}

fn database_variable() -> String {
    "MUNGPY_DATABASE".to_owned()
}

fn korea_rows() -> usize {
    KoreaSource::MAX_ROWS
}

fn address(text: &str) -> Url {
    Url::parse(text).expect("the addresses of live services are constants")
}

fn korea() -> Url {
    address(KoreaSource::BASE)
}

fn rescuegroups() -> Url {
    address(RescueGroupsSource::BASE)
}

fn shelterluv() -> Url {
    address(ShelterluvSource::BASE)
}

fn asm() -> Url {
    address(AsmSource::BASE)
}

impl SourceConfig {
    /// A source of this kind, with everything else as it is unless configured.
    pub fn new(kind: SourceKind) -> Self {
        Self {
            name: None,
            prefix: String::new(),
            full_every: FULL_EVERY,
            key_file: None,
            attributes: BTreeMap::new(),
            kind,
        }
    }

    /// Name for messages and records.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(match self.kind {
            SourceKind::Folder { .. } => "folder",
            SourceKind::Postgres { .. } => "postgres",
            SourceKind::Manifest { .. } => "manifest",
            SourceKind::Korea { .. } => "korea",
            SourceKind::Rescuegroups { .. } => "rescuegroups",
            SourceKind::Shelterluv { .. } => "shelterluv",
            SourceKind::Asm { .. } => "asm",
        })
    }

    /// The source, with relative paths below a folder. Reads the secret, and asks nothing yet.
    pub fn build(
        &self,
        folder: &Path,
        client: &WebClient,
    ) -> Result<Box<dyn DogSource>, ConfigError> {
        if self.prefix.chars().any(char::is_control) {
            return Err(self.invalid("prefix has control characters; take them out".to_owned()));
        }
        let client = client.clone();
        let source: Box<dyn DogSource> = match &self.kind {
            SourceKind::Folder { path } => Box::new(FolderSource::new(&folder.join(path))),
            SourceKind::Postgres { url_env, query, photos } => {
                self.database(folder, url_env, query.as_deref(), &folder.join(photos))?
            }
            SourceKind::Manifest { place } => self.manifest(folder, place, client)?,
            SourceKind::Korea { base_url, rows } => {
                if !(1..=KoreaSource::MAX_ROWS).contains(rows) {
                    let limit = KoreaSource::MAX_ROWS;
                    return Err(self.invalid(format!("rows is {rows}; give 1 to {limit}")));
                }
                let key = self.secret(folder, "MUNGPY_KOREA_SERVICE_KEY")?;
                let base = self.base(base_url)?;
                Box::new(KoreaSource::new(client, base, &key).with_rows(*rows))
            }
            SourceKind::Rescuegroups { base_url } => {
                let key = self.secret(folder, "MUNGPY_RESCUEGROUPS_KEY")?;
                Box::new(RescueGroupsSource::new(client, self.base(base_url)?, &key))
            }
            SourceKind::Shelterluv { base_url } => {
                let key = self.secret(folder, "MUNGPY_SHELTERLUV_KEY")?;
                Box::new(ShelterluvSource::new(client, self.base(base_url)?, &key))
            }
            SourceKind::Asm { base_url, account, username } => {
                let password = self.secret(folder, "MUNGPY_ASM_PASSWORD")?;
                let base = self.base(base_url)?;
                Box::new(AsmSource::new(client, base, account, username, &password))
            }
        };
        let (name, prefix) = (self.name().to_owned(), self.prefix.clone());
        let attributes = self.attributes.clone();
        Ok(Box::new(NamedSource { name, prefix, attributes, source }))
    }

    #[cfg(feature = "postgres")]
    fn database(
        &self,
        folder: &Path,
        variable: &str,
        query: Option<&str>,
        photos: &Path,
    ) -> Result<Box<dyn DogSource>, ConfigError> {
        use crate::PostgresSource;

        let url = self.secret(folder, variable)?;
        let query = query.unwrap_or(PostgresSource::QUERY);
        let source = PostgresSource::new(&url, query, photos);
        source.map(|source| Box::new(source) as _).map_err(|error| self.invalid(error.to_string()))
    }

    #[cfg(not(feature = "postgres"))]
    fn database(
        &self,
        _folder: &Path,
        _variable: &str,
        _query: Option<&str>,
        _photos: &Path,
    ) -> Result<Box<dyn DogSource>, ConfigError> {
        Err(ConfigError::FeatureMissing { name: self.name().to_owned(), feature: "postgres" })
    }

    fn manifest(
        &self,
        folder: &Path,
        place: &ManifestPlace,
        client: WebClient,
    ) -> Result<Box<dyn DogSource>, ConfigError> {
        let place = place.expose();
        let place = if place.contains("://") {
            place.to_owned()
        } else {
            folder.join(place).to_string_lossy().into_owned()
        };
        let source = ManifestSource::new(&place, client);
        source.map(|source| Box::new(source) as _).map_err(|error| self.invalid(error.to_string()))
    }

    /// The key or password: out of its file if one is named, else out of the environment.
    fn secret(&self, folder: &Path, variable: &str) -> Result<String, ConfigError> {
        let secret =
            if let Some(file) = &self.key_file {
                let path = folder.join(file);
                files::read_text(&path, MAX_KEY_BYTES).map_err(|source| {
                    ConfigError::KeyUnreadable { name: self.name().to_owned(), path, source }
                })?
            } else {
                env::var(variable).unwrap_or_default()
            };
        let secret = secret.trim();
        if secret.is_empty() {
            let detail = match &self.key_file {
                Some(file) => {
                    format!("key_file {} is empty; write the key into it", file.display())
                }
                None => format!("no key is given; set {variable}, or name a file in key_file"),
            };
            return Err(self.invalid(detail));
        }
        if secret.chars().any(char::is_control) {
            return Err(self.invalid("the key has more than one line; give the key alone".into()));
        }
        Ok(secret.to_owned())
    }

    fn base(&self, url: &Url) -> Result<Url, ConfigError> {
        if !matches!(url.scheme(), "http" | "https") {
            let scheme = url.scheme();
            return Err(
                self.invalid(format!("base_url is {scheme}; give an http or https address"))
            );
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            let detail = "base_url holds a login or a query; give the address alone";
            return Err(self.invalid(detail.to_owned()));
        }
        Ok(url.clone())
    }

    fn invalid(&self, detail: String) -> ConfigError {
        ConfigError::Invalid { name: self.name().to_owned(), detail }
    }
}

/// Refuses sources that cannot be told apart, as records are kept by their names, and addresses that
/// hold a login, because addresses are shown.
pub fn check(sources: &[SourceConfig]) -> Result<(), ConfigError> {
    for source in sources {
        if let Some(url) = source.kind.base_url() {
            source.base(url)?;
        }
    }
    let mut names = BTreeSet::new();
    match sources.iter().find(|source| !names.insert(source.name())) {
        None => Ok(()),
        Some(twice) => Err(twice.invalid("two sources have this name; name one otherwise".into())),
    }
}
