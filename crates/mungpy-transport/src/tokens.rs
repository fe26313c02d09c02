//! Bearer tokens: who may call what.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use http::{HeaderMap, header::AUTHORIZATION};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{
    token_file::{self, TokensError},
    watched::{Reloadable, Watched, warn_if_public},
};

/// What a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum Scope {
    /// Matching and what goes with it.
    #[serde(rename = "match")]
    Match,
    /// All that reads the catalogue.
    #[serde(rename = "catalogue:read")]
    CatalogueRead,
    /// All that changes the catalogue.
    #[serde(rename = "catalogue:write")]
    CatalogueWrite,
}

impl Scope {
    /// Every scope.
    pub const ALL: &'static [Self] = &[Self::Match, Self::CatalogueRead, Self::CatalogueWrite];

    /// Its name in files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::CatalogueRead => "catalogue:read",
            Self::CatalogueWrite => "catalogue:write",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who calls, by the token that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name of the token: no secret.
    pub name: Arc<str>,
    /// What it allows.
    pub scopes: Arc<[Scope]>,
}

impl Caller {
    /// Whether the token allows this.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

/// The token of a request, `authorization: Bearer …`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The tokens that are known. A clone knows the same.
///
/// They are kept as SHA-256 digests.
#[derive(Clone)]
pub struct Tokens(Arc<Watched<Vec<Known>, TokensError>>);

/// A token that is known.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) digest: [u8; 32],
    pub(crate) caller: Caller,
}

impl Known {
    pub(crate) fn digest(token: &str) -> [u8; 32] {
        Sha256::digest(token).into()
    }

    fn of(token: &str, name: &str, scopes: &[Scope]) -> Self {
        let caller = Caller { name: name.into(), scopes: scopes.into() };
        Self { digest: Self::digest(token), caller }
    }
}

impl Tokens {
    /// Shortest token, in bytes.
    pub const SHORTEST: usize = 16;

    /// The tokens of a TOML file:
    ///
    /// ```toml
    /// [[token]]
    /// name = "backend"
    /// sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"  # or token = "…"
    /// scopes = ["match", "catalogue:read", "catalogue:write"]
    /// ```
    pub fn load(path: &Path) -> Result<Self, TokensError> {
        Self::of_file(path, token_file::read)
    }

    /// One token, the only content of a file.
    pub fn load_single(path: &Path, name: &str, scopes: &[Scope]) -> Result<Self, TokensError> {
        let (name, scopes) = (name.to_owned(), scopes.to_vec());
        Self::of_file(path, move |path| {
            let token = token_file::read_single(path)?;
            Ok(vec![Known::of(token.expose(), &name, &scopes)])
        })
    }

    /// One token that is given: the environment's variable `variable`, for example.
    pub fn single(variable: &str, token: &str, scopes: &[Scope]) -> Result<Self, TokensError> {
        token_file::check(token, || PathBuf::from(variable))?;
        Self::given(vec![Known::of(token, variable, scopes)])
    }

    /// The tokens of variables of the environment, one for each scope. A token of several variables
    /// has all their scopes; its name is that of the first. `None` if none of them is set.
    ///
    /// # Errors
    /// One is set, but to no token; an empty one would open the server.
    pub fn of_variables(
        variables: &[(&str, Scope)],
        value_of: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, TokensError> {
        let mut found: Vec<(String, &str, Vec<Scope>)> = Vec::new();
        for &(variable, scope) in variables {
            let Some(value) = value_of(variable) else { continue };
            let token = value.trim();
            token_file::check(token, || PathBuf::from(variable))?;
            match found.iter_mut().find(|(known, ..)| known == token) {
                Some((.., scopes)) => scopes.push(scope),
                None => found.push((token.to_owned(), variable, vec![scope])),
            }
        }
        if found.is_empty() {
            return Ok(None);
        }
        let known =
            |(token, name, scopes): &(String, &str, Vec<Scope>)| Known::of(token, name, scopes);
        Self::given(found.iter().map(known).collect()).map(Some)
    }

    /// Tokens that no file holds, so they never change.
    fn given(known: Vec<Known>) -> Result<Self, TokensError> {
        let load = move || Ok(known.clone());
        Watched::new("tokens", Vec::new(), load).map(|watched| Self(Arc::new(watched)))
    }

    fn of_file(
        path: &Path,
        read: impl Fn(&Path) -> Result<Vec<Known>, TokensError> + Send + Sync + 'static,
    ) -> Result<Self, TokensError> {
        let (file, path) = (path.to_owned(), path.to_owned());
        let load = move || {
            let tokens = read(&path)?;
            warn_if_public(&path);
            Ok(tokens)
        };
        Watched::new("tokens", vec![file], load).map(|watched| Self(Arc::new(watched)))
    }

    /// Whose token this is, if it is known. The time it takes tells nothing about the tokens.
    pub fn scopes_of(&self, token: &str) -> Option<Caller> {
        let digest = Known::digest(token);
        let tokens = self.0.current();
        let mut found = None;
        for known in tokens.iter() {
            if bool::from(known.digest.ct_eq(&digest)) {
                found = Some(&known.caller);
            }
        }
        found.cloned()
    }

    /// Number of tokens.
    pub fn count(&self) -> usize {
        self.0.current().len()
    }

    /// Loads the file now. If that fails, the old tokens stay in use.
    pub fn reload(&self) -> Result<(), TokensError> {
        self.0.reload()
    }
}

impl Reloadable for Tokens {
    fn look(&self) {
        self.0.look();
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = self.0.current();
        f.debug_list().entries(tokens.iter().map(|known| &known.caller)).finish()
    }
}
