//! The facial ratios: sizes of eyes, nose and mouth, and distances between them.

use super::{
    FaceError,
    landmarks::{COUNT, Point, distance, mean},
    shape::SymmetricShape,
};

/// Number of ratios.
pub const RATIO_COUNT: usize = 10;

/// Natural logarithms of the ratios, in the order of [`Ratio::ALL`].
///
/// On a log scale, "twice" and "half" are equally far from one.
pub type LogRatios = [f64; RATIO_COUNT];

/// A length in the face over the face's unit length.
///
/// The unit is the geometric mean of the four lengths that can be located best in both species:
/// interocular distance, eye–nose, eye–mouth and nose width. Lengths over a geometric mean are the
/// shape ratios of Mosimann (JASA 65, 1970): no single length serves as yardstick, so the error of
/// one does not enter every ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ratio {
    /// Length of the palpebral fissure: inner to outer corner of an eye.
    PalpebralFissureLength,
    /// Height of the palpebral fissure: upper to lower lid.
    PalpebralFissureHeight,
    /// Distance between the inner corners of the eyes.
    IntercanthalDistance,
    /// Width of the nose, wing to wing; in dogs, of the nose leather.
    NasalWidth,
    /// Height of the nose tip; in dogs, of the nose leather.
    NasalHeight,
    /// Width of the mouth, corner to corner.
    MouthWidth,
    /// Distance from the eye line to the centre of the nose.
    EyeNoseDistance,
    /// Distance from the bottom of the nose to the upper lip.
    NoseMouthDistance,
    /// Distance from the eye line to the mouth.
    EyeMouthDistance,
    /// Distance from the upper lip to the chin.
    MouthChinDistance,
}

impl Ratio {
    /// All ratios, in the order of [`LogRatios`].
    pub const ALL: [Self; RATIO_COUNT] = [
        Self::PalpebralFissureLength,
        Self::PalpebralFissureHeight,
        Self::IntercanthalDistance,
        Self::NasalWidth,
        Self::NasalHeight,
        Self::MouthWidth,
        Self::EyeNoseDistance,
        Self::NoseMouthDistance,
        Self::EyeMouthDistance,
        Self::MouthChinDistance,
    ];

    /// Stable key used in the API and in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::PalpebralFissureLength => "palpebral_fissure_length",
            Self::PalpebralFissureHeight => "palpebral_fissure_height",
            Self::IntercanthalDistance => "intercanthal_distance",
            Self::NasalWidth => "nasal_width",
            Self::NasalHeight => "nasal_height",
            Self::MouthWidth => "mouth_width",
            Self::EyeNoseDistance => "eye_nose_distance",
            Self::NoseMouthDistance => "nose_mouth_distance",
            Self::EyeMouthDistance => "eye_mouth_distance",
            Self::MouthChinDistance => "mouth_chin_distance",
        }
    }

    /// The two points that the ratio's length connects, in the unit of the landmarks. The length is
    /// measured in the symmetric shape; in a face as it stands, this is where to draw it.
    pub fn ends(self, landmarks: &[Point; COUNT]) -> [Point; 2] {
        let p = landmarks;
        let eyes = mean(&p[0..8]);
        let nose = mean(&p[8..12]);
        match self {
            Self::PalpebralFissureLength => [p[0], p[2]],
            Self::PalpebralFissureHeight => [p[1], p[3]],
            Self::IntercanthalDistance => [p[2], p[4]],
            Self::NasalWidth => [p[8], p[10]],
            Self::NasalHeight => [p[9], p[11]],
            Self::MouthWidth => [p[12], p[14]],
            Self::EyeNoseDistance => [eyes, nose],
            Self::NoseMouthDistance => [p[11], p[13]],
            Self::EyeMouthDistance => [eyes, mean(&p[12..15])],
            Self::MouthChinDistance => [p[13], p[15]],
        }
    }
}

/// Lengths below this, in units of the face, count as this: a dog's upper lip may touch its nose,
/// and the logarithm must not diverge.
const SHORTEST: f64 = 0.02;

/// Measures the ratios of a symmetric shape.
pub(super) fn log_ratios(shape: &SymmetricShape) -> Result<LogRatios, FaceError> {
    let length = |ratio: Ratio| {
        let [a, b] = ratio.ends(shape.points());
        distance(a, b)
    };
    let p = shape.points();
    let interocular = distance(mean(&p[0..4]), mean(&p[4..8]));
    let yardsticks = [
        interocular,
        length(Ratio::EyeNoseDistance),
        length(Ratio::EyeMouthDistance),
        length(Ratio::NasalWidth),
    ];
    let unit = yardsticks.iter().product::<f64>().powf(0.25);
    if !unit.is_normal() {
        return Err(FaceError::Degenerate);
    }
    Ok(Ratio::ALL.map(|ratio| (length(ratio) / unit).max(SHORTEST).ln()))
}
