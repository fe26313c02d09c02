//! The language of an answer.

use axum::http::{HeaderMap, header};
use serde::Deserialize;
use utoipa::ToSchema;

use super::problem::Problem;

/// A language in which the service answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Language {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

impl Language {
    /// Its tag on the wire.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ko => "ko",
        }
    }

    /// The language of a tag like `ko-KR`.
    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        [Self::En, Self::Ko].into_iter().find(|known| known.tag().eq_ignore_ascii_case(primary))
    }

    /// The language that a field or a parameter asks for.
    pub(crate) fn asked(tag: &str) -> Result<Self, Problem> {
        let known = [Self::En, Self::Ko].into_iter().find(|known| known.tag() == tag);
        known.ok_or_else(|| Problem::field("lang is neither en nor ko"))
    }

    /// The language that a caller prefers among ours; English if it knows none of them.
    pub(crate) fn preferred(headers: &HeaderMap) -> Self {
        let mut best = (0.0, Self::default());
        for value in headers.get_all(header::ACCEPT_LANGUAGE) {
            for range in value.to_str().unwrap_or_default().split(',') {
                let (tag, weight) = weighed(range);
                if let Some(language) = Self::of_tag(tag).filter(|_| weight > best.0) {
                    best = (weight, language);
                }
            }
        }
        best.1
    }
}

/// A language range and its weight; one that is not understood weighs nothing.
fn weighed(range: &str) -> (&str, f32) {
    match range.split_once(';') {
        None => (range, 1.0),
        Some((tag, weight)) => {
            let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse().ok());
            (tag, weight.unwrap_or(0.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_language_that_is_known_is_chosen() {
        let preferred = |accepted: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
            Language::preferred(&headers)
        };
        for korean in ["ko", "ko-KR,ko;q=0.9,en;q=0.8", "fr, en;q=0.3, KO;q=0.4", "de,ko;q=0.1"] {
            assert_eq!(preferred(korean), Language::Ko, "{korean}");
        }
        for english in ["", "fr", "*", "en,ko", "ko;q=0,en;q=0.1", "ko;q=x", "korean"] {
            assert_eq!(preferred(english), Language::En, "{english}");
        }
        assert_eq!(Language::preferred(&HeaderMap::new()), Language::En);
    }
}
