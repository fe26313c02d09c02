//! What a photo shows, for people who want to know whether it will do.

use mungpy_core::{
    advice::Advice,
    face::{QualityLimits, Ratio, Species},
    reason::WithReason,
    resemblance::Language,
};
use mungpy_proto::v1::{self, AdviceCode};

use super::{Matcher, given::Scheme};
use crate::{
    extract::{FacePortrait, PhotoPortrait},
    messages,
};

impl Matcher {
    /// The message about a photo's faces. Deviations are those from measured persons.
    pub fn describe(&self, photo: &PhotoPortrait, language: Language) -> v1::DescribeResponse {
        let advice = match photo.faces.len() {
            0 => vec![Advice::ShowFace],
            1 => Vec::new(),
            _ => vec![Advice::ChooseFace],
        };
        v1::DescribeResponse {
            width: photo.width,
            height: photo.height,
            faces: photo.faces.iter().map(|face| self.of_face(face, language)).collect(),
            advice: of_advice(&advice, language),
        }
    }

    fn of_face(&self, face: &FacePortrait, language: Language) -> v1::DescribedFace {
        let limits = QualityLimits::of(Species::Person);
        let refused = face.check(limits).err();
        let sigmas = self.references.of(Scheme::Own).sigmas(&face.measured);
        let ratios = Ratio::ALL.iter().zip(face.measured.log_ratios).zip(sigmas);
        let ratios = ratios.map(|((ratio, logarithm), sigma)| v1::RatioMeasurement {
            ratio: ratio.key().to_owned(),
            value: logarithm.exp(),
            sigma,
        });
        v1::DescribedFace {
            r#box: Some(messages::of_box(&face.face)),
            landmarks: messages::of_landmarks(&face.landmarks),
            ratios: ratios.collect(),
            quality: Some(messages::of_quality(face.quality)),
            usable: refused.is_none(),
            reason: refused.map(|error| error.reason().code().to_owned()).unwrap_or_default(),
            advice: of_advice(&Advice::on(&face.quality, face.brightness, &limits), language),
            brightness: face.brightness,
        }
    }
}

fn of_advice(advice: &[Advice], language: Language) -> Vec<v1::Advice> {
    let message = |advice: &Advice| v1::Advice {
        code: code(*advice).into(),
        sentence: advice.sentence(language).to_owned(),
    };
    advice.iter().map(message).collect()
}

fn code(advice: Advice) -> AdviceCode {
    match advice {
        Advice::ShowFace => AdviceCode::ShowFace,
        Advice::ComeCloser => AdviceCode::ComeCloser,
        Advice::FaceCamera => AdviceCode::FaceCamera,
        Advice::HoldStill => AdviceCode::HoldStill,
        Advice::UncoverFace => AdviceCode::UncoverFace,
        Advice::MoreLight => AdviceCode::MoreLight,
        Advice::LessLight => AdviceCode::LessLight,
        Advice::ChooseFace => AdviceCode::ChooseFace,
    }
}
