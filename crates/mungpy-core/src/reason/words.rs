//! What a person is told, in the person's language. A message for developers is another matter.

use super::{Reason, Section};
use crate::resemblance::Language;

impl Reason {
    /// A sentence or two for the person in front of a screen; `None` where only an operator or a
    /// developer can do something.
    pub fn words(self, language: Language) -> Option<&'static str> {
        let (english, korean) = self.both()?;
        Some(match language {
            Language::English => english,
            Language::Korean => korean,
        })
    }

    fn both(self) -> Option<(&'static str, &'static str)> {
        let entry = self.entry();
        match entry.section {
            Section::Photo => Some(self.of_photo()),
            Section::Face => Some(self.of_face()),
            Section::Request | Section::Access | Section::Engine => self.of_service(),
            Section::Gateway | Section::Models | Section::Batch | Section::Command => None,
        }
    }

    fn of_photo(self) -> (&'static str, &'static str) {
        match self {
            Self::PhotoTooManyBytes | Self::PhotoTooManyPixels | Self::PhotoTooComplex => (
                "The photo is too large. Please choose a smaller one.",
                "사진이 너무 커요. 더 작은 사진을 골라 주세요.",
            ),
            Self::PhotoTooSmall => (
                "The photo is too small. Please choose a larger one.",
                "사진이 너무 작아요. 더 큰 사진을 골라 주세요.",
            ),
            Self::PhotoFormatUnsupported | Self::PhotoAnimated => (
                "This kind of file cannot be read. Please choose a JPEG or PNG photo.",
                "읽을 수 없는 파일이에요. JPEG나 PNG 사진을 골라 주세요.",
            ),
            _ => (
                "The photo is damaged. Please choose another one.",
                "사진 파일이 손상되었어요. 다른 사진을 골라 주세요.",
            ),
        }
    }

    fn of_face(self) -> (&'static str, &'static str) {
        match self {
            Self::FaceTooSmall => (
                "The face is too small. Please come closer.",
                "얼굴이 너무 작게 나왔어요. 조금 더 가까이에서 찍어 주세요.",
            ),
            Self::FaceTurnedAway => (
                "The face is turned to the side. Please look straight into the camera.",
                "얼굴이 옆을 보고 있어요. 카메라를 똑바로 바라봐 주세요.",
            ),
            Self::FaceTooBlurred => (
                "The face is blurred. Please hold still, or wipe the lens.",
                "얼굴이 흐리게 나왔어요. 흔들리지 않게 찍거나 렌즈를 닦아 주세요.",
            ),
            Self::LandmarksUnreliable => (
                "Something covers the face. Please uncover eyes, nose and mouth.",
                "얼굴이 가려져 있어요. 눈, 코, 입이 보이게 찍어 주세요.",
            ),
            Self::SeveralFaces => (
                "There are several faces. Please choose one.",
                "얼굴이 여럿이에요. 한 사람을 골라 주세요.",
            ),
            _ => (
                "No face was found. Please send a photo that shows the face from the front, upright and well lit.",
                "얼굴을 찾지 못했어요. 밝은 곳에서 정면으로 찍은 사진을 올려 주세요.",
            ),
        }
    }

    fn of_service(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::NoPhoto => ("Please choose a photo.", "사진을 골라 주세요."),
            Self::TooManyPhotos => {
                ("Please choose at most five photos.", "사진은 다섯 장까지 고를 수 있어요.")
            }
            Self::NoCandidate => (
                "No dog fits these wishes. Please drop one of them.",
                "조건에 맞는 강아지가 없어요. 조건을 하나 빼고 다시 찾아보세요.",
            ),
            Self::Overloaded | Self::RateLimited => (
                "Many people are looking for their dog right now. Please try again in a moment.",
                "지금 많은 분이 강아지를 찾고 있어요. 잠시 뒤에 다시 시도해 주세요.",
            ),
            Self::CatalogueNotPublished | Self::CatalogueEmpty => (
                "There are no dogs to look at just now. Please come back later.",
                "지금은 볼 수 있는 강아지가 없어요. 나중에 다시 와 주세요.",
            ),
            Self::RequestTooSlow | Self::RequestBroken => (
                "The connection was too slow. Please try again.",
                "연결이 느려서 끝내지 못했어요. 다시 시도해 주세요.",
            ),
            Self::DeadlinePassed => (
                "It took too long. Please try again.",
                "시간이 너무 오래 걸렸어요. 다시 시도해 주세요.",
            ),
            Self::VisionFailed | Self::PhotoOperationFailed | Self::Internal | Self::Stopping => (
                "Something went wrong on our side. Please try again.",
                "저희 쪽에 문제가 생겼어요. 다시 시도해 주세요.",
            ),
            Self::DogUnknown => (
                "This dog is not here any more. Perhaps it has found a home.",
                "이 강아지는 이제 여기 없어요. 가족을 찾았을지도 몰라요.",
            ),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_photo_may_be_refused_for_has_words_in_both_languages() {
        for reason in Reason::ALL {
            if !matches!(reason.entry().section, Section::Photo | Section::Face) {
                continue;
            }
            let [english, korean] = [Language::English, Language::Korean]
                .map(|language| reason.words(language).unwrap());
            assert!(english.is_ascii() && english.ends_with('.'), "{reason}: {english}");
            assert!(korean.contains(|c| ('가'..='힣').contains(&c)), "{reason}: {korean}");
        }
        assert_eq!(Reason::StoreLocked.words(Language::English), None);
    }
}
