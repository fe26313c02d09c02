//! A person's usual proportions, estimated from the whole face.

use std::sync::Arc;

use mungpy_core::{
    face::{Landmarks, Point},
    resemblance::PersonEstimator,
};

use sha2::{Digest, Sha256};

use super::ExtractError;
use crate::{
    photo::Raster,
    vision::{
        Descriptor, DescriptorNetwork, Models, Role, VisionError,
        landmarking::{DESCRIBED_LANDMARKS, DESCRIBED_POSITIONS, DESCRIBED_SIDE},
    },
};

/// Describes faces and estimates proportions from the description.
pub(super) struct UsualProportions {
    network: DescriptorNetwork,
    pub(super) estimator: Arc<PersonEstimator>,
    /// Version of the descriptor network.
    pub(super) version: String,
}

impl UsualProportions {
    pub(super) fn load(models: &Models) -> Result<Self, VisionError> {
        let model = models.verified(Role::PersonDescriptor)?;
        let network = DescriptorNetwork::new(&model)?;
        let estimator = models.person_estimator();
        Ok(Self { network, estimator, version: model.entry.version() })
    }

    /// Changes with every number that an estimate follows from; the statistics are none of them.
    pub(super) fn estimator_version(&self) -> String {
        let PersonEstimator { offset, from_descriptor, from_features, .. } = &*self.estimator;
        let mut digest = Sha256::new();
        for number in [offset, from_descriptor, from_features].into_iter().flatten() {
            digest.update(number.to_le_bytes());
        }
        let digest = digest.finalize();
        format!("estimator@{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3])
    }

    /// A copy for another worker.
    pub(super) fn try_clone(&self) -> Result<Self, VisionError> {
        Ok(Self {
            network: self.network.try_clone()?,
            estimator: Arc::clone(&self.estimator),
            version: self.version.clone(),
        })
    }

    /// Describes the face with these landmarks, in pixels of the raster.
    pub(super) fn describe(
        &mut self,
        raster: &Raster,
        landmarks: &Landmarks,
    ) -> Result<Descriptor, ExtractError> {
        let frame = Frame::of(landmarks);
        let chip = raster.upright_chip(frame.middle, frame.side, frame.roll, DESCRIBED_SIDE)?;
        let chip = chip.raster;
        // A head turned to one side is always described turned to the left: one run of the
        // network is then nearly as steady as the mean of the chip and its mirror image.
        let chip = if nose_is_right(landmarks) { chip.mirrored()? } else { chip };
        Ok(self.network.describe(&chip)?)
    }
}

/// Whether the nose points to the right: it lies beside the middle of the eye corners, along the
/// line of the eyes.
fn nose_is_right(landmarks: &Landmarks) -> bool {
    let [corners, left, right, nose] = [&[0, 2, 4, 6][..], &[0, 2], &[4, 6], &[9, 11]]
        .map(|chosen| mean(chosen.iter().map(|&landmark| landmarks.0[landmark])));
    let eyes = [right[0] - left[0], right[1] - left[1]];
    (nose[0] - corners[0]) * eyes[0] + (nose[1] - corners[1]) * eyes[1] > 0.0
}

/// A square around a face, turned with it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Frame {
    /// Its middle, in pixels.
    middle: Point,
    /// Its side, in pixels.
    side: f64,
    /// Its turn in radians; positive is clockwise.
    roll: f64,
}

impl Frame {
    /// The frame in which the landmarks lie as nearly as possible where they lie in a described
    /// chip: the least-squares similarity (Umeyama, PAMI 13, 1991).
    fn of(landmarks: &Landmarks) -> Self {
        let from = DESCRIBED_LANDMARKS.map(|landmark| landmarks.0[landmark]);
        let (from_mean, to_mean) = (mean(from), mean(DESCRIBED_POSITIONS));
        let (mut cosine, mut sine, mut square) = (0.0, 0.0, 0.0);
        for (f, t) in from.iter().zip(&DESCRIBED_POSITIONS) {
            let f = [f[0] - from_mean[0], f[1] - from_mean[1]];
            let t = [t[0] - to_mean[0], t[1] - to_mean[1]];
            cosine += f[0] * t[0] + f[1] * t[1];
            sine += f[1] * t[0] - f[0] * t[1];
            square += f[0] * f[0] + f[1] * f[1];
        }
        let zoom = cosine.hypot(sine) / square;
        let roll = sine.atan2(cosine);
        // From the mean of the landmarks to the middle of the chip, turned back and scaled.
        let half = (DESCRIBED_SIDE as f64 - 1.0) / 2.0;
        let [x, y] = [(half - to_mean[0]) / zoom, (half - to_mean[1]) / zoom];
        let (cos, sin) = (roll.cos(), roll.sin());
        let middle = [from_mean[0] + cos * x - sin * y, from_mean[1] + sin * x + cos * y];
        Self { middle, side: DESCRIBED_SIDE as f64 / zoom, roll }
    }
}

fn mean(points: impl IntoIterator<Item = Point>) -> Point {
    let (mut sum, mut count) = ([0.0, 0.0], 0.0);
    for [x, y] in points {
        sum = [sum[0] + x, sum[1] + y];
        count += 1.0;
    }
    sum.map(|sum| sum / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Landmarks that lie exactly as in a described chip of a given frame.
    fn placed(frame: Frame) -> Landmarks {
        let zoom = frame.side / DESCRIBED_SIDE as f64;
        let half = (DESCRIBED_SIDE as f64 - 1.0) / 2.0;
        let (cos, sin) = (zoom * frame.roll.cos(), zoom * frame.roll.sin());
        let mut landmarks = Landmarks([[0.0; 2]; 16]);
        for (landmark, [x, y]) in DESCRIBED_LANDMARKS.into_iter().zip(DESCRIBED_POSITIONS) {
            let (x, y) = (x - half, y - half);
            landmarks.0[landmark] =
                [frame.middle[0] + cos * x - sin * y, frame.middle[1] + sin * x + cos * y];
        }
        landmarks
    }

    #[test]
    fn the_frame_of_a_placed_face_is_found_again() {
        for roll in [-2.5, -0.4, 0.0, 0.3, 1.6] {
            let frame = Frame { middle: [310.0, 205.0], side: 420.0, roll };
            let found = Frame::of(&placed(frame));
            assert!((found.roll - roll).abs() < 1e-9, "{found:?}");
            assert!((found.side - frame.side).abs() < 1e-6, "{found:?}");
            let miss = (found.middle[0] - 310.0).hypot(found.middle[1] - 205.0);
            assert!(miss < 1e-6, "{found:?}");
        }
    }
}
