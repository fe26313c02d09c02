//! Axes and their sides, read from a file.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use super::{
    TemperamentError,
    agreement::{Answer, Answers, Profile},
};
use crate::text::excerpt;

const DEFAULT: &str = include_str!("temperament.toml");

/// One question: an axis of temperament with its sides.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// Stable key, e.g. `energy`.
    pub key: String,
    /// The possible answers.
    pub sides: Vec<Side>,
    /// Whether to leave out dogs that do not show the answered side.
    #[serde(default)]
    pub required: bool,
}

/// One side of an axis.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// Stable key, e.g. `homebody`.
    pub key: String,
    /// The Korean word shown to users.
    pub korean: String,
    /// The English word shown to users; the key, if a file gives none.
    #[serde(default)]
    pub english: String,
}

/// All axes, in the order of the questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Questionnaire {
    axes: Vec<Axis>,
}

impl Default for Questionnaire {
    fn default() -> Self {
        Self::parse(DEFAULT).expect("the built-in questionnaire is valid")
    }
}

impl Questionnaire {
    /// Parses a questionnaire file (TOML, see `temperament.toml` beside this file).
    pub fn parse(text: &str) -> Result<Self, TemperamentError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            axis: Vec<Axis>,
        }
        let invalid = |message: String| TemperamentError::InvalidFile(message);
        let mut file: File = toml::from_str(text).map_err(|error| invalid(error.to_string()))?;
        for side in file.axis.iter_mut().flat_map(|axis| &mut axis.sides) {
            if side.english.is_empty() {
                side.english = side.key.replace(['-', '_'], " ");
            }
        }
        let mut keys = HashSet::new();
        for axis in &file.axis {
            if !keys.insert(&axis.key) {
                return Err(invalid(format!("axis {} is defined twice", axis.key)));
            }
            let sides: HashSet<_> = axis.sides.iter().map(|side| &side.key).collect();
            if sides.len() < axis.sides.len() || sides.len() < 2 || sides.len() > 255 {
                return Err(invalid(format!(
                    "axis {} needs 2 to 255 sides of different keys",
                    axis.key
                )));
            }
        }
        Ok(Self { axes: file.axis })
    }

    /// The axes, in the order of the questions.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Builds answers from (axis, side, required) in any order.
    pub fn answers<'a>(
        &self,
        given: impl IntoIterator<Item = (&'a str, &'a str, bool)>,
    ) -> Result<Answers, TemperamentError> {
        let mut answers = vec![None; self.axes.len()];
        for (axis, side, required) in given {
            let (index, side) = self.locate(axis, side)?;
            let required = required || self.axes[index].required;
            if answers[index].replace(Answer { side, required }).is_some() {
                return Err(TemperamentError::AnsweredTwice { axis: self.axes[index].key.clone() });
            }
        }
        Ok(Answers(answers))
    }

    /// Builds a dog's profile from its traits (axis key to side key or word). A trait that this
    /// questionnaire does not define stays unknown.
    pub fn profile(&self, traits: &BTreeMap<String, String>) -> Profile {
        let side =
            |axis: &Axis| self.locate(&axis.key, traits.get(&axis.key)?).ok().map(|(_, side)| side);
        Profile(self.axes.iter().map(side).collect())
    }

    /// The stable keys for an axis and a side.
    pub fn canonical(&self, axis: &str, side: &str) -> Result<(&str, &str), TemperamentError> {
        let (index, side) = self.locate(axis, side)?;
        let axis = &self.axes[index];
        Ok((&axis.key, &axis.sides[usize::from(side)].key))
    }

    fn locate(&self, axis: &str, side: &str) -> Result<(usize, u8), TemperamentError> {
        let index = self.axes.iter().position(|known| known.key == axis).ok_or_else(|| {
            TemperamentError::UnknownAxis {
                axis: excerpt(axis).into_owned(),
                known: self.axes.iter().map(|axis| axis.key.clone()).collect(),
            }
        })?;
        let axis = &self.axes[index];
        let side = side.trim();
        let position =
            axis.sides.iter().position(|known| known.key == side || known.korean == side);
        position.map(|position| (index, position as u8)).ok_or_else(|| {
            TemperamentError::UnknownSide {
                axis: axis.key.clone(),
                side: excerpt(side).into_owned(),
                known: axis.sides.iter().map(|side| side.key.clone()).collect(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::{Reason, WithReason};

    #[test]
    fn korean_words_and_keys_mean_the_same() {
        let questionnaire = Questionnaire::default();
        let by_key = questionnaire.answers([("energy", "homebody", false)]).unwrap();
        let by_word = questionnaire.answers([("energy", "방콕러", false)]).unwrap();
        assert_eq!(by_key, by_word);
    }

    #[test]
    fn unknown_and_repeated_answers_are_refused_with_what_is_known() {
        let questionnaire = Questionnaire::default();
        let error = questionnaire.answers([("mood", "sad", false)]).unwrap_err();
        assert_eq!(error.reason(), Reason::UnknownAxis);
        assert!(error.to_string().contains("sociability"), "{error}");
        let error = questionnaire.answers([("energy", "sad", false)]).unwrap_err();
        assert_eq!(error.reason(), Reason::UnknownSide);
        let twice = [("energy", "homebody", false), ("energy", "energetic", false)];
        assert_eq!(questionnaire.answers(twice).unwrap_err().reason(), Reason::AnsweredTwice);
    }

    #[test]
    fn a_file_with_a_repeated_axis_is_refused() {
        let axis = "[[axis]]\nkey = \"a\"\nsides = [{ key = \"x\", korean = \"엑스\" }, { key = \"y\", korean = \"와이\" }]\n";
        assert!(Questionnaire::parse(axis).is_ok());
        let error = Questionnaire::parse(&axis.repeat(2)).unwrap_err();
        assert_eq!(error.reason(), Reason::TemperamentFileInvalid);
    }
}
