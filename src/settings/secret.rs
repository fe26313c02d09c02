//! A value that must never be shown.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A URL that may contain a password. `Debug` and `Display` mask it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The value as given.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Secret {
    /// Shows a URL without password and query, and nothing at all of any other text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else { return f.write_str("***") };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        match authority.rsplit_once('@') {
            Some((login, host)) => {
                let user = login.split(':').next().unwrap_or_default();
                write!(f, "{scheme}://{user}:***@{host}/{path}")
            }
            None => write!(f, "{scheme}://{authority}/{path}"),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        let shown = |text: &str| text.parse::<Secret>().unwrap().to_string();
        assert_eq!(shown("postgres://u:p%40x@host:5/db"), "postgres://u:***@host:5/db");
        assert_eq!(shown("postgres://u:p@ss@host/db?password=z"), "postgres://u:***@host/db");
        assert_eq!(shown("postgres://host/db"), "postgres://host/db");
        assert_eq!(shown("http://collector:4318?api-key=geheim"), "http://collector:4318/");
        assert_eq!(shown("host=h password=geheim"), "***");
        let debug = format!("{:?}", "postgres://u:geheim@h/d".parse::<Secret>().unwrap());
        assert!(!debug.contains("geheim"), "{debug}");
    }
}
