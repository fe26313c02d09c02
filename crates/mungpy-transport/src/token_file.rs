//! Files of tokens.

use std::{
    collections::HashSet,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use mungpy_core::reason::{Reason, WithReason};
use serde::Deserialize;

use super::tokens::{Caller, Known, Scope, Tokens};

/// Something that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The token that is the only content of a file, for whoever has to show it to another server.
    pub fn load(path: &Path) -> Result<Self, TokensError> {
        read_single(path)
    }

    /// A token that is given: by the environment's variable `name`, for example. It must be as long
    /// as one of a file.
    ///
    /// # Errors
    /// It can be guessed, or no header carries it.
    pub fn checked(token: &str, name: &str) -> Result<Self, TokensError> {
        check(token, || PathBuf::from(name))?;
        Ok(Self(token.to_owned()))
    }

    /// The secret itself. Never log it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why tokens cannot be used. No message shows one.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// The file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no list of tokens.
    #[error(
        "line {line} of {} is not understood: each `[[token]]` has a `name`, a `sha256` or a \
         `token`, and `scopes` among `match`, `catalogue:read` and `catalogue:write`",
        path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Counted from one.
        line: usize,
    },
    /// An entry lacks a token, or has it in two ways.
    #[error("token {name:?} of {} needs either `sha256` or `token`", path.display())]
    NotOne {
        /// The file.
        path: PathBuf,
        /// The entry.
        name: String,
    },
    /// A digest is no SHA-256.
    #[error("`sha256` of token {name:?} of {} is not 64 hexadecimal digits", path.display())]
    NoDigest {
        /// The file.
        path: PathBuf,
        /// The entry.
        name: String,
    },
    /// A token can be guessed.
    #[error(
        "the token of {} has {bytes} bytes; it needs {} at least (`openssl rand -hex 32` makes one)",
        path.display(),
        Tokens::SHORTEST
    )]
    TooShort {
        /// The file or the variable.
        path: PathBuf,
        /// Its length.
        bytes: usize,
    },
    /// A token cannot be sent in a header.
    #[error(
        "the token of {} holds a space or a character beyond ASCII, which no header carries",
        path.display()
    )]
    Unsendable {
        /// The file or the variable.
        path: PathBuf,
    },
    /// Two entries have the same name or the same token.
    #[error("token {name:?} of {} is there twice, by its name or by its token", path.display())]
    Repeated {
        /// The file.
        path: PathBuf,
        /// The second entry.
        name: String,
    },
    /// A token would allow nothing.
    #[error("token {name:?} of {} has no scopes", path.display())]
    Powerless {
        /// The file.
        path: PathBuf,
        /// The entry.
        name: String,
    },
}

impl WithReason for TokensError {
    fn reason(&self) -> Reason {
        match self {
            Self::Unreadable { .. } => Reason::FileUnusable,
            _ => Reason::ConfigInvalid,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenFile {
    #[serde(default)]
    token: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    sha256: Option<String>,
    token: Option<String>,
    scopes: Vec<Scope>,
}

/// The tokens of a TOML file.
pub(crate) fn read(path: &Path) -> Result<Vec<Known>, TokensError> {
    let text = read_text(path)?;
    let file: TokenFile = toml::from_str(&text).map_err(|error| {
        // The error itself would quote the line, and a token in it.
        let begin = error.span().map_or(0, |span| span.start);
        let line = text.get(..begin).unwrap_or_default().matches('\n').count() + 1;
        TokensError::Malformed { path: path.to_owned(), line }
    })?;
    let (mut names, mut digests) = (HashSet::new(), HashSet::new());
    let mut tokens = Vec::with_capacity(file.token.len());
    for entry in file.token {
        let known = entry.known(path)?;
        if !names.insert(entry.name.clone()) || !digests.insert(known.digest) {
            return Err(TokensError::Repeated { path: path.to_owned(), name: entry.name });
        }
        tokens.push(known);
    }
    Ok(tokens)
}

/// The token that is the only content of a file.
pub(crate) fn read_single(path: &Path) -> Result<Secret, TokensError> {
    let text = read_text(path)?;
    let token = text.trim();
    check(token, || path.to_owned())?;
    Ok(Secret(token.to_owned()))
}

/// Refuses a token that can be guessed or not be sent.
pub(crate) fn check(token: &str, path: impl Fn() -> PathBuf) -> Result<(), TokensError> {
    if token.len() < Tokens::SHORTEST {
        return Err(TokensError::TooShort { path: path(), bytes: token.len() });
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(TokensError::Unsendable { path: path() });
    }
    Ok(())
}

fn read_text(path: &Path) -> Result<String, TokensError> {
    let unreadable = |source| TokensError::Unreadable { path: path.to_owned(), source };
    fs::read_to_string(path).map_err(unreadable)
}

impl Entry {
    fn known(&self, path: &Path) -> Result<Known, TokensError> {
        let name = || self.name.clone();
        let digest = match (&self.sha256, &self.token) {
            (Some(hex), None) => digest(hex)
                .ok_or_else(|| TokensError::NoDigest { path: path.to_owned(), name: name() })?,
            (None, Some(token)) => {
                check(token, || path.to_owned())?;
                Known::digest(token)
            }
            _ => return Err(TokensError::NotOne { path: path.to_owned(), name: name() }),
        };
        if self.scopes.is_empty() {
            return Err(TokensError::Powerless { path: path.to_owned(), name: name() });
        }
        let caller =
            Caller { name: self.name.as_str().into(), scopes: self.scopes.as_slice().into() };
        Ok(Known { digest, caller })
    }
}

fn digest(hex: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else { return None };
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect();
    bytes?.try_into().ok()
}
