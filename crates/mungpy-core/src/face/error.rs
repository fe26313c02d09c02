//! Why a face cannot be compared.

use crate::reason::{Reason, WithReason};

/// Why a face cannot be compared, with the numbers involved.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FaceError {
    /// The detector found nothing.
    #[error(
        "no {species} face was found; send a photo that shows the face from the front, upright and well lit"
    )]
    NoFace {
        /// `person` or `dog`.
        species: &'static str,
    },
    /// The photo shows more faces than the one that is wanted.
    #[error(
        "the photo shows {count} faces, and only one is wanted; choose a face, or send a photo of one person"
    )]
    Several {
        /// Number of faces.
        count: usize,
    },
    /// The face has too few pixels.
    #[error(
        "the face is too small: {interocular:.0} px between the eyes, at least {limit:.0} px are needed; come closer"
    )]
    TooSmall {
        /// Interocular distance in pixels of the photo.
        interocular: f64,
        /// The limit.
        limit: f64,
    },
    /// The face is turned to the side.
    #[error(
        "the face is turned {yaw:.0}° to the side, at most {limit:.0}° can be compared; look into the camera"
    )]
    TurnedAway {
        /// Yaw in degrees.
        yaw: f64,
        /// The limit.
        limit: f64,
    },
    /// The face shows too little detail.
    #[error(
        "the face is blurred: sharpness {sharpness:.2}, at least {limit:.2} is needed; hold still or wipe the lens"
    )]
    TooBlurred {
        /// Sharpness of the face.
        sharpness: f64,
        /// The limit.
        limit: f64,
    },
    /// The looks disagree too much about the landmarks.
    #[error(
        "the landmarks are unreliable: they spread over {:.0} % of the eye distance, at most {:.0} % is allowed; use a photo without anything before the face",
        disagreement * 100.0, limit * 100.0
    )]
    LandmarksUnreliable {
        /// Disagreement of the landmarks as a share of the interocular distance.
        disagreement: f64,
        /// The limit.
        limit: f64,
    },
    /// The landmarks coincide or are not finite.
    #[error("the landmarks span no face: they coincide or are no numbers")]
    Degenerate,
}

impl WithReason for FaceError {
    fn reason(&self) -> Reason {
        match self {
            Self::NoFace { .. } => Reason::NoFace,
            Self::Several { .. } => Reason::SeveralFaces,
            Self::TooSmall { .. } => Reason::FaceTooSmall,
            Self::TurnedAway { .. } => Reason::FaceTurnedAway,
            Self::TooBlurred { .. } => Reason::FaceTooBlurred,
            Self::LandmarksUnreliable { .. } => Reason::LandmarksUnreliable,
            Self::Degenerate => Reason::LandmarksDegenerate,
        }
    }
}
