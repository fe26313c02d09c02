//! Traits out of what Korean shelters write about a dog, by a table of words.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use mungpy_core::temperament::Questionnaire;
use serde::Deserialize;

static KOREAN: LazyLock<Words> =
    LazyLock::new(|| Words::parse(include_str!("words/ko.toml")).expect("the table is tested"));

/// A table of words and how they are negated. `words/ko.toml` says what its parts mean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    ignored: Vec<String>,
    adverbs: Vec<String>,
    fillers: Vec<String>,
    after: Vec<String>,
    before: Vec<String>,
    particles: Vec<String>,
    word: Vec<Word>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    stems: Vec<String>,
    axis: String,
    side: String,
    negated: Option<String>,
}

/// A text without spaces, and where they were.
struct Text {
    chars: Vec<char>,
    starts_word: Vec<bool>,
}

impl Words {
    /// The table of Korean words.
    pub(crate) fn korean() -> &'static Self {
        &KOREAN
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The traits that a text tells, as far as the questionnaire has such axes.
    pub(crate) fn traits(
        &self,
        text: &str,
        questionnaire: &Questionnaire,
    ) -> BTreeMap<String, String> {
        let text = Text::new(text).without(&self.ignored, '.').without(&self.adverbs, ' ');
        let mut hints = Vec::new();
        let mut at = 0;
        while at < text.chars.len() {
            let Some((word, length)) = self.word_at(&text, at) else {
                at += 1;
                continue;
            };
            let side = if self.is_negated(&text, at, at + length) {
                word.negated.as_deref()
            } else {
                Some(word.side.as_str())
            };
            hints.extend(side.map(|side| (word.axis.as_str(), side)));
            at += length;
        }
        settled(hints, questionnaire)
    }

    /// The word with the longest stem at a place, and the length of that stem.
    fn word_at(&self, text: &Text, at: usize) -> Option<(&Word, usize)> {
        let stems = self.word.iter().flat_map(|word| word.stems.iter().map(move |s| (word, s)));
        let found = stems.filter_map(|(word, stem)| Some((word, text.prefix(at, stem)?)));
        found.max_by_key(|&(_, length)| length)
    }

    fn is_negated(&self, text: &Text, start: usize, end: usize) -> bool {
        self.before.iter().any(|negation| self.stands_before(text, start, negation))
            || self.follows(text, end)
    }

    fn stands_before(&self, text: &Text, start: usize, negation: &str) -> bool {
        let length = negation.chars().count();
        let Some(at) = start.checked_sub(length) else { return false };
        let is_word = || {
            let before = at.checked_sub(1).map(|index| text.chars[index].to_string());
            text.starts_word[at] || before.is_some_and(|before| self.particles.contains(&before))
        };
        text.prefix(at, negation).is_some() && is_word()
    }

    /// Whether a negation follows after nothing but fillers.
    fn follows(&self, text: &Text, mut at: usize) -> bool {
        loop {
            if self.after.iter().any(|negation| text.prefix(at, negation).is_some()) {
                return true;
            }
            match self.fillers.iter().filter_map(|filler| text.prefix(at, filler)).max() {
                Some(length) => at += length,
                None => return false,
            }
        }
    }
}

/// The traits on which all hints agree.
pub(crate) fn settled<'a>(
    hints: impl IntoIterator<Item = (&'a str, &'a str)>,
    questionnaire: &Questionnaire,
) -> BTreeMap<String, String> {
    let mut sides: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (axis, side) in hints {
        // Another questionnaire may ask other things.
        if let Ok((axis, side)) = questionnaire.canonical(axis, side) {
            sides.entry(axis).or_default().insert(side);
        }
    }
    let agreed = sides.into_iter().filter(|(_, sides)| sides.len() == 1);
    agreed
        .filter_map(|(axis, sides)| Some((axis.to_owned(), (*sides.first()?).to_owned())))
        .collect()
}

impl Text {
    fn new(text: &str) -> Self {
        let mut new = Self { chars: Vec::new(), starts_word: Vec::new() };
        let mut starts_word = true;
        for c in text.chars() {
            if c.is_whitespace() {
                starts_word = true;
                continue;
            }
            new.push(c, starts_word);
            // Whatever follows a comma or a bracket starts a word.
            starts_word = !c.is_alphanumeric();
        }
        new
    }

    fn push(&mut self, c: char, starts_word: bool) {
        self.chars.push(c);
        self.starts_word.push(starts_word);
    }

    /// The length of a word if it stands at a place.
    fn prefix(&self, at: usize, word: &str) -> Option<usize> {
        let rest = self.chars.get(at..)?;
        let length = word.chars().count();
        (length <= rest.len() && word.chars().eq(rest[..length].iter().copied())).then_some(length)
    }

    /// The text without these phrases; `mark` takes the place of each unless it is a space.
    fn without(self, phrases: &[String], mark: char) -> Self {
        let mut rest = Self { chars: Vec::new(), starts_word: Vec::new() };
        let mut at = 0;
        let mut starts_word = false;
        while at < self.chars.len() {
            let found = phrases.iter().filter_map(|phrase| self.prefix(at, phrase)).max();
            let Some(length) = found else {
                rest.push(self.chars[at], self.starts_word[at] || starts_word);
                starts_word = false;
                at += 1;
                continue;
            };
            if mark != ' ' {
                rest.push(mark, true);
            }
            starts_word = true;
            at += length;
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let traits = Words::korean().traits(text, &Questionnaire::default());
        traits.into_iter().map(|(axis, side)| format!("{axis}={side}")).collect()
    }

    #[test]
    fn the_table_names_only_sides_of_the_questionnaire() {
        let questionnaire = Questionnaire::default();
        for word in &Words::korean().word {
            for side in std::iter::once(&word.side).chain(&word.negated) {
                assert!(questionnaire.canonical(&word.axis, side).is_ok(), "{word:?}");
            }
            assert!(word.stems.iter().all(|stem| !stem.contains(' ')), "{word:?}");
        }
    }

    #[test]
    fn words_of_shelters_become_traits() {
        let cases: &[(&str, &[&str])] = &[
            ("온순함", &["sensitivity=unflappable"]),
            ("사람을 좋아함", &["sociability=outgoing"]),
            ("사람을 너무 좋아하고 활발함", &["energy=energetic", "sociability=outgoing"]),
            ("경계심 많음", &["sociability=shy"]),
            ("겁이 많음, 얌전", &["energy=homebody", "sociability=shy"]),
            ("호기심이 많고 애교 많음", &["curiosity=curious", "sociability=outgoing"]),
            ("사람을 잘따름", &["sociability=outgoing"]),
            ("분리불안 있음", &["dependence=dependent"]),
        ];
        for (text, expected) in cases {
            assert_eq!(told(text), *expected, "{text}");
        }
    }

    #[test]
    fn a_negated_word_means_the_other_side_or_nothing() {
        let cases: &[(&str, &[&str])] = &[
            ("사람을 따르지 않음", &["sociability=shy"]),
            ("사람을 잘 안 따름", &["sociability=shy"]),
            ("사람을안따름", &["sociability=shy"]),
            ("사람을 잘 따르지 못함", &["sociability=shy"]),
            ("사람을 그다지 좋아하지는 않음", &["sociability=shy"]),
            ("경계심 없음", &["sociability=outgoing"]),
            ("경계심이 전혀 없음", &["sociability=outgoing"]),
            ("낯가림 없음", &["sociability=outgoing"]),
            ("예민하지 않음", &["sensitivity=unflappable"]),
            ("안 짖음", &["sensitivity=unflappable"]),
            ("안짖음", &["sensitivity=unflappable"]),
            ("짖지 않음", &["sensitivity=unflappable"]),
            ("활발하지 않음", &["energy=homebody"]),
            ("공격성 없음", &[]),
            ("온순하지 않음", &[]),
            ("겁이 없음", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(told(text), *expected, "{text}");
        }
    }

    #[test]
    fn a_negation_counts_only_for_its_own_word() {
        assert_eq!(
            told("온순하고 경계심 없음"),
            ["sensitivity=unflappable", "sociability=outgoing"]
        );
        assert_eq!(told("온순하며 외상 없음"), ["sensitivity=unflappable"]);
        assert_eq!(told("온순. 이상 없음"), ["sensitivity=unflappable"]);
        assert_eq!(told("심리적 불안 짖음"), ["sensitivity=sensitive"]);
    }

    #[test]
    fn what_conflicts_or_tells_no_temperament_gives_no_trait() {
        for text in [
            "사람을 좋아하나 경계심 있음",
            "빨간목줄",
            "심장사상충 양성, 치석 있음",
            "5.2(Kg) 2024(년생) 소형",
            "상황에 따라 입양 가능",
            "",
        ] {
            assert_eq!(told(text), [""; 0], "{text}");
        }
    }
}
