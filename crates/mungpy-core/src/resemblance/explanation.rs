//! Explains in numbers and words why two faces are alike.

use super::Space;
use crate::face::{RATIO_COUNT, Ratio};

/// Number of ratios that an explanation names.
const NAMED: usize = 3;

/// Language of the sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Korean.
    Korean,
}

impl Language {
    /// Parses a language tag such as `en`, `ko` or `ko-KR`; any other language means English.
    pub fn from_tag(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("ko") { Self::Korean } else { Self::English }
    }
}

/// One ratio of both faces, each in standard deviations of its own species.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatioAgreement {
    /// Which ratio.
    pub ratio: Ratio,
    /// The person's deviation.
    pub person_sigma: f64,
    /// The dog's deviation.
    pub dog_sigma: f64,
}

impl RatioAgreement {
    /// For example `wide-set eyes: you +1.4 σ, this dog +1.5 σ`.
    pub fn sentence(&self, language: Language) -> String {
        let large = self.person_sigma + self.dog_sigma >= 0.0;
        let trait_ = self.ratio.described(large, language);
        let (person, dog) = (self.person_sigma, self.dog_sigma);
        match language {
            Language::English => format!("{trait_}: you {person:+.1} σ, this dog {dog:+.1} σ"),
            Language::Korean => format!("{trait_}: 당신 {person:+.1} σ, 이 강아지 {dog:+.1} σ"),
        }
    }

    /// How strongly this ratio supports the match: it should be distinctive in both faces and
    /// differ little.
    fn strength(&self) -> f64 {
        let (a, b) = (self.person_sigma, self.dog_sigma);
        let shared = if a * b > 0.0 { a.abs().min(b.abs()) } else { 0.0 };
        shared - (a - b).abs() / 2.0
    }
}

/// The distinctive ratios that agree most, strongest first.
///
/// `person` and `dog` are deviations from [`Space::sigmas`].
pub fn explain(
    space: &Space,
    person: &[f64; RATIO_COUNT],
    dog: &[f64; RATIO_COUNT],
) -> Vec<RatioAgreement> {
    let weights = space.ratio_weights();
    let mut all: Vec<(f64, RatioAgreement)> = (0..RATIO_COUNT)
        .map(|i| {
            let agreement =
                RatioAgreement { ratio: Ratio::ALL[i], person_sigma: person[i], dog_sigma: dog[i] };
            (agreement.strength() * weights[i], agreement)
        })
        .collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.into_iter().take(NAMED).map(|(_, agreement)| agreement).collect()
}

impl Ratio {
    /// Describes in words how a large or a small value of the ratio looks.
    fn described(self, large: bool, language: Language) -> &'static str {
        let [en_large, en_small, ko_large, ko_small] = match self {
            Self::PalpebralFissureLength => ["long eyes", "short eyes", "긴 눈매", "짧은 눈매"],
            Self::PalpebralFissureHeight => {
                ["wide-open eyes", "narrow eyes", "동그란 눈", "가는 눈"]
            }
            Self::IntercanthalDistance => {
                ["wide-set eyes", "close-set eyes", "넓은 미간", "좁은 미간"]
            }
            Self::NasalWidth => ["a broad nose", "a slim nose", "넓은 코", "좁은 코"],
            Self::NasalHeight => ["a tall nose tip", "a flat nose tip", "높은 코끝", "낮은 코끝"],
            Self::MouthWidth => ["a wide mouth", "a small mouth", "큰 입", "작은 입"],
            Self::EyeNoseDistance => ["a long nose", "a short nose", "긴 코", "짧은 코"],
            Self::NoseMouthDistance => {
                ["a long upper lip", "a short upper lip", "긴 인중", "짧은 인중"]
            }
            Self::EyeMouthDistance => {
                ["a long midface", "a short midface", "긴 중안부", "짧은 중안부"]
            }
            Self::MouthChinDistance => ["a long chin", "a short chin", "긴 턱", "짧은 턱"],
        };
        match (language, large) {
            (Language::English, true) => en_large,
            (Language::English, false) => en_small,
            (Language::Korean, true) => ko_large,
            (Language::Korean, false) => ko_small,
        }
    }
}
