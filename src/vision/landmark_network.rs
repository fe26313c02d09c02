//! The landmark network, which outputs a heat map for each landmark and a face score.

use std::pin::Pin;

use mungpy_core::face::{Landmarks, landmarks::COUNT};

use super::{
    VisionError,
    bridge::ffi,
    gpu,
    landmarking::{CHIP_SIDE, HEATMAP_CELL},
    models::VerifiedModel,
    shared::Shared,
};
use crate::photo::Raster;

const CELLS: usize = CHIP_SIDE / HEATMAP_CELL;
const MAP: usize = CELLS * CELLS;
/// Values of a chip: a heat map of each landmark, and the map whose mean is the face score.
const OUTPUT: usize = (COUNT + 1) * MAP;

/// What the network sees in a chip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// The landmarks, in pixels of the chip.
    pub landmarks: Landmarks,
    /// Above 0 if the chip probably shows a face of the species.
    pub face_score: f32,
}

/// A network that finds the 16 landmarks in a chip.
pub struct LandmarkNetwork(Shared<ffi::LandmarkNetwork>);

impl LandmarkNetwork {
    /// Parses a verified model and checks that it outputs 17 maps.
    pub fn new(model: &VerifiedModel) -> Result<Self, VisionError> {
        gpu::log(model)?;
        let mut parsed = ffi::parse_landmark_network(&model.bytes)
            .map_err(|error| model.rejected(error.what()))?;
        let blank = vec![0; CHIP_SIDE * CHIP_SIDE * 3];
        run(parsed.pin_mut(), &blank, 1).map_err(|error| model.rejected(error.detail()))?;
        Ok(Self(Shared::network(parsed)))
    }

    /// The network for another worker.
    pub fn try_clone(&self) -> Result<Self, VisionError> {
        Ok(Self(self.0.try_clone(ffi::LandmarkNetwork::copy)?))
    }

    /// Looks at chips of [`CHIP_SIDE`] pixels, on a GPU all in one run if its
    /// memory allows.
    pub fn predict(&mut self, chips: &[&Raster]) -> Vec<Result<Look, VisionError>> {
        self.0.run(chips, |network, chips| {
            let mut rgb = Vec::with_capacity(chips.len() * CHIP_SIDE * CHIP_SIDE * 3);
            for chip in chips {
                rgb.extend_from_slice(chip.bytes()?);
            }
            let maps = run(network, &rgb, chips.len())?;
            Ok(maps.chunks_exact(OUTPUT).map(look).collect())
        })
    }
}

/// The outputs of the network for chips that follow each other.
fn run<'a>(
    mut network: Pin<&'a mut ffi::LandmarkNetwork>,
    rgb: &[u8],
    chips: usize,
) -> Result<&'a [f32], VisionError> {
    network.as_mut().run(rgb)?;
    let maps = network.into_ref().get_ref().maps()?;
    if maps.len() != chips * OUTPUT {
        return Err(VisionError::HeatMaps { found: maps.len(), chips });
    }
    Ok(maps)
}

fn look(maps: &[f32]) -> Look {
    let (heat, face) = maps.split_at(COUNT * MAP);
    let landmarks =
        Landmarks(std::array::from_fn(|i| expected_position(&heat[i * MAP..(i + 1) * MAP])));
    Look { landmarks, face_score: face.iter().sum::<f32>() / MAP as f32 }
}

/// Mean position under the softmax of the scores (integral regression: Sun et al., ECCV 2018), in
/// pixels of the chip. Its resolution is finer than a cell.
fn expected_position(scores: &[f32]) -> [f64; 2] {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut sum, mut x, mut y) = (0.0, 0.0, 0.0);
    for (cell, &score) in scores.iter().enumerate() {
        let weight = f64::from(score - highest).exp();
        sum += weight;
        x += weight * (cell % CELLS) as f64;
        y += weight * (cell / CELLS) as f64;
    }
    [x, y].map(|cells| (cells / sum + 0.5) * HEATMAP_CELL as f64 - 0.5)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::{
        photo::Photo,
        vision::{Models, Role},
    };

    #[test]
    fn the_position_lies_between_equal_cells() {
        let mut scores = [-50.0; MAP];
        scores[10 * CELLS + 20] = 5.0;
        let [x, y] = expected_position(&scores);
        assert!((x - 81.5).abs() < 1e-6 && (y - 41.5).abs() < 1e-6, "{x} {y}");
        scores[10 * CELLS + 21] = 5.0;
        let [x, y] = expected_position(&scores);
        assert!((x - 83.5).abs() < 1e-9 && (y - 41.5).abs() < 1e-9, "{x} {y}");
    }

    /// `training/mungpy_training/landmarks/maps.py` wrote the maps with torch.
    #[test]
    fn dlib_computes_the_maps_that_torch_computes() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let models = Models::new(&[root.join("landmark-models")]);
        for (species, role) in [("dog", Role::DogLandmarks), ("person", Role::PersonLandmarks)] {
            let stem = root.join("tests/data/landmarks").join(species);
            let read = |extension: &str| fs::read(stem.with_extension(extension)).unwrap();
            let chip = Photo::decode(&read("png")).unwrap().raster;
            let model = models.verified(role).unwrap();
            let mut network = ffi::parse_landmark_network(&model.bytes).unwrap();
            let maps = run(network.pin_mut(), chip.bytes().unwrap(), 1).unwrap();
            let expected = read("maps");
            assert_eq!(expected.len(), 4 * OUTPUT);
            for (found, expected) in maps.iter().zip(expected.chunks_exact(4)) {
                let expected = f32::from_le_bytes(expected.try_into().unwrap());
                assert!((found - expected).abs() < 1e-3, "{species}: {found} and {expected}");
            }
        }
    }
}
