//! What would make a photo better: codes for programs, sentences for people.

use crate::{
    face::{Quality, QualityLimits},
    resemblance::Language,
};

/// What would make a photo better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Advice {
    /// No face was found.
    ShowFace,
    /// The face has too few pixels.
    ComeCloser,
    /// The head is turned to the side, up or down.
    FaceCamera,
    /// The face shows too little detail.
    HoldStill,
    /// The landmarks disagree.
    UncoverFace,
    /// The face is dark.
    MoreLight,
    /// The face is so bright that detail is lost.
    LessLight,
    /// There are several faces.
    ChooseFace,
}

/// Eye distance in pixels from which more pixels hardly help: chips of the networks show 39 and 53.
const GOOD_INTEROCULAR: f64 = 40.0;
/// Share of the limits for turned heads and for disagreement from which advice is given.
const NEAR_LIMIT: f64 = 0.6;
/// Nod in degrees from which advice is given; no limit refuses it.
const LARGE_PITCH: f64 = 18.0;
/// Factor on the least sharpness below which advice is given.
const SHARP_ENOUGH: f64 = 1.5;
/// Mean brightness of a face, 0 to 1, below and above which detail is lost.
const BRIGHTNESS: [f64; 2] = [0.16, 0.92];

impl Advice {
    /// Advice on a face, what refuses it first. `brightness` is the mean of the face, 0 to 1.
    pub fn on(quality: &Quality, brightness: f64, limits: &QualityLimits) -> Vec<Self> {
        let turned = quality.yaw.abs() > NEAR_LIMIT * limits.max_yaw;
        let given = [
            (quality.interocular < GOOD_INTEROCULAR, Self::ComeCloser),
            (turned || quality.pitch.abs() > LARGE_PITCH, Self::FaceCamera),
            (quality.sharpness < SHARP_ENOUGH * limits.min_sharpness, Self::HoldStill),
            (
                quality.landmark_disagreement > NEAR_LIMIT * limits.max_landmark_disagreement,
                Self::UncoverFace,
            ),
            (brightness < BRIGHTNESS[0], Self::MoreLight),
            (brightness > BRIGHTNESS[1], Self::LessLight),
        ];
        given.into_iter().filter_map(|(is_due, advice)| is_due.then_some(advice)).collect()
    }

    /// The advice in words.
    pub fn sentence(self, language: Language) -> &'static str {
        let (english, korean) = match self {
            Self::ShowFace => (
                "Show your whole face, from the front and upright.",
                "얼굴 전체가 정면으로 똑바로 나오게 찍어 주세요.",
            ),
            Self::ComeCloser => ("Come closer.", "조금 더 가까이에서 찍어 주세요."),
            Self::FaceCamera => {
                ("Look straight into the camera.", "카메라를 똑바로 바라봐 주세요.")
            }
            Self::HoldStill => {
                ("Hold still, or wipe the lens.", "흔들리지 않게 찍거나 렌즈를 닦아 주세요.")
            }
            Self::UncoverFace => {
                ("Uncover your eyes, nose and mouth.", "눈, 코, 입이 가려지지 않게 해 주세요.")
            }
            Self::MoreLight => ("Find more light.", "조금 더 밝은 곳에서 찍어 주세요."),
            Self::LessLight => {
                ("Step out of the glare.", "빛이 너무 강해요. 빛이 덜한 곳에서 찍어 주세요.")
            }
            Self::ChooseFace => (
                "There are several faces. Choose yours.",
                "얼굴이 여럿이에요. 내 얼굴을 골라 주세요.",
            ),
        };
        match language {
            Language::English => english,
            Language::Korean => korean,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::Species;

    fn good() -> Quality {
        Quality { interocular: 80.0, sharpness: 0.5, ..Quality::default() }
    }

    #[test]
    fn a_good_face_needs_no_advice_and_each_fault_has_its_own() {
        let limits = QualityLimits::of(Species::Person);
        let on = |quality: Quality, brightness| Advice::on(&quality, brightness, &limits);
        assert_eq!(on(good(), 0.5), []);
        assert_eq!(on(Quality { interocular: 20.0, ..good() }, 0.5), [Advice::ComeCloser]);
        assert_eq!(on(Quality { yaw: -30.0, ..good() }, 0.5), [Advice::FaceCamera]);
        assert_eq!(on(Quality { pitch: 25.0, ..good() }, 0.5), [Advice::FaceCamera]);
        assert_eq!(on(Quality { sharpness: 0.01, ..good() }, 0.5), [Advice::HoldStill]);
        assert_eq!(
            on(Quality { landmark_disagreement: 0.2, ..good() }, 0.5),
            [Advice::UncoverFace]
        );
        assert_eq!(on(good(), 0.05), [Advice::MoreLight]);
        assert_eq!(on(good(), 0.99), [Advice::LessLight]);
    }

    #[test]
    fn whatever_is_refused_has_advice() {
        let limits = QualityLimits::of(Species::Person);
        let refused = [
            Quality { interocular: limits.min_interocular - 0.1, ..good() },
            Quality { yaw: limits.max_yaw + 0.1, ..good() },
            Quality { sharpness: limits.min_sharpness - 0.001, ..good() },
            Quality { landmark_disagreement: limits.max_landmark_disagreement + 0.001, ..good() },
        ];
        for quality in refused {
            assert!(quality.check(limits).is_err());
            assert_eq!(Advice::on(&quality, 0.5, &limits).len(), 1, "{quality:?}");
        }
    }
}
