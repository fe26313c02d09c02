//! How far a dog's traits agree with a person's answers.

use std::{cmp::Reverse, fmt, str::FromStr};

/// A dog's side on each axis of the questionnaire; `None` if unknown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Profile(pub(super) Vec<Option<u8>>);

/// A person's answers, one slot per axis of the questionnaire.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answers(pub(super) Vec<Option<Answer>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) side: u8,
    pub(super) required: bool,
}

/// Agreement of one dog with the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Agreement {
    /// Answers that match the dog's traits.
    pub agreed: u32,
    /// Answers on axes for which the dog has a value.
    pub compared: u32,
    /// Number of answers given.
    pub answered: u32,
}

/// Which dogs qualify for the comparison of faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Dogs that agree on at least this many answers.
    AtLeast(u32),
    /// The n dogs that agree best, and every dog that ties with the n-th.
    Best(u32),
}

impl Default for Policy {
    fn default() -> Self {
        Self::Best(10)
    }
}

impl fmt::Display for Policy {
    /// Writes the form that [`FromStr`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(n) => write!(f, "at_least({n})"),
            Self::Best(n) => write!(f, "best({n})"),
        }
    }
}

/// A text that is neither `best(N)` nor `at_least(N)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownPolicy;

impl FromStr for Policy {
    type Err = UnknownPolicy;

    fn from_str(text: &str) -> Result<Self, UnknownPolicy> {
        let number =
            |prefix: &str| text.strip_prefix(prefix)?.strip_suffix(')')?.trim().parse().ok();
        let best = number("best(").map(Self::Best);
        best.or_else(|| number("at_least(").map(Self::AtLeast)).ok_or(UnknownPolicy)
    }
}

impl Answers {
    /// Whether no question was answered.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// The same answers, none of which is required.
    #[must_use]
    pub fn unrequired(&self) -> Self {
        let optional = |answer: Answer| Answer { required: false, ..answer };
        Self(self.0.iter().map(|answer| answer.map(optional)).collect())
    }

    /// Agreement with a dog's traits; `None` if the dog lacks a required side.
    pub fn agreement(&self, profile: &Profile) -> Option<Agreement> {
        let mut agreement = Agreement::default();
        for (index, answer) in self.0.iter().enumerate() {
            let Some(answer) = answer else { continue };
            let side = profile.0.get(index).copied().flatten();
            let agrees = side == Some(answer.side);
            if answer.required && !agrees {
                return None;
            }
            agreement.answered += 1;
            agreement.compared += u32::from(side.is_some());
            agreement.agreed += u32::from(agrees);
        }
        Some(agreement)
    }
}

impl Policy {
    /// Smallest number of agreeing answers that passes. `counts` holds pairs of agreeing answers
    /// and number of dogs, in any order. Without answers nothing is filtered.
    pub fn threshold(self, answers: &Answers, counts: &[(u32, usize)]) -> u32 {
        if answers.is_empty() {
            return 0;
        }
        match self {
            Self::AtLeast(least) => least,
            Self::Best(n) => {
                let mut sorted = counts.to_vec();
                sorted.sort_by_key(|&(agreed, _)| Reverse(agreed));
                let mut dogs = 0;
                for (agreed, count) in sorted {
                    dogs += count;
                    if count > 0 && dogs >= n as usize {
                        return agreed;
                    }
                }
                0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(sides: &[Option<(u8, bool)>]) -> Answers {
        Answers(sides.iter().map(|a| a.map(|(side, required)| Answer { side, required })).collect())
    }

    #[test]
    fn an_unknown_trait_neither_agrees_nor_disagrees() {
        let answers = answers(&[Some((0, false)), Some((1, false)), Some((1, false)), None]);
        let profile = Profile(vec![Some(0), None, Some(0), Some(1)]);
        assert_eq!(
            answers.agreement(&profile),
            Some(Agreement { agreed: 1, compared: 2, answered: 3 })
        );
    }

    #[test]
    fn a_required_side_must_be_shown() {
        let answers = answers(&[Some((0, true))]);
        assert!(answers.agreement(&Profile(vec![Some(0)])).is_some());
        assert!(answers.agreement(&Profile(vec![Some(1)])).is_none());
        assert!(answers.agreement(&Profile(vec![None])).is_none());
    }

    #[test]
    fn best_keeps_every_dog_that_ties_with_the_last() {
        let answers = answers(&[Some((0, false))]);
        let counts = [(1, 40), (6, 3), (5, 9), (4, 100)];
        assert_eq!(Policy::Best(3).threshold(&answers, &counts), 6);
        assert_eq!(Policy::Best(10).threshold(&answers, &counts), 5);
        assert_eq!(Policy::Best(1000).threshold(&answers, &counts), 0);
        assert_eq!(Policy::AtLeast(4).threshold(&answers, &counts), 4);
    }

    #[test]
    fn without_answers_nothing_is_filtered() {
        assert_eq!(Policy::AtLeast(6).threshold(&answers(&[None]), &[(0, 5)]), 0);
    }
}
