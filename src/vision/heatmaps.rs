//! The landmark network, run by OpenCV, which outputs a heat map for each landmark.

use std::sync::Arc;

use mungpy_core::face::{Landmarks, landmarks::COUNT};
use opencv::{
    core::{CV_32F, Mat, Scalar, Size, Vector},
    dnn::{self, Net},
    prelude::*,
};

use super::{
    VisionError,
    landmarking::{CHIP_SIDE, HEATMAP_CELL, INPUT_MEAN, INPUT_UNIT},
    models::VerifiedModel,
};
use crate::photo::Raster;

const CELLS: usize = CHIP_SIDE / HEATMAP_CELL;
/// Names of the outputs: N × 16 × 40 × 40 scores; N × 1 face scores, above 0 for a face.
const HEATMAPS: &str = "heatmaps";
const FACE_SCORE: &str = "verdict"; // its name in the shipped model

/// A network that finds the 16 landmarks in a chip. Running it writes to scratch memory, so each
/// worker has its own copy.
pub struct LandmarkNetwork {
    net: Net,
    onnx: Arc<Vector<u8>>,
}

impl LandmarkNetwork {
    /// Parses a verified ONNX model and checks that it outputs 16 heat maps.
    pub fn new(model: &VerifiedModel) -> Result<Self, VisionError> {
        let rejected =
            |detail: String| VisionError::ModelRejected { file: model.entry.file.clone(), detail };
        let onnx = Arc::new(Vector::from_slice(&model.bytes));
        let mut network = Self::parse(onnx).map_err(|error| rejected(error.to_string()))?;
        let blank = Mat::zeros(CHIP_SIDE as i32, CHIP_SIDE as i32, opencv::core::CV_8UC3)
            .and_then(|zeros| zeros.to_mat())
            .map_err(VisionError::OpenCv)?;
        network.predict(&[Raster::new(blank)]).map_err(|error| rejected(error.detail()))?;
        Ok(network)
    }

    fn parse(onnx: Arc<Vector<u8>>) -> opencv::Result<Self> {
        let net = dnn::read_net_from_onnx_buffer(&onnx)?;
        Ok(Self { net, onnx })
    }

    /// Clones the network for another worker.
    pub fn try_clone(&self) -> Result<Self, VisionError> {
        Ok(Self::parse(Arc::clone(&self.onnx))?)
    }

    /// The landmarks in each chip of [`CHIP_SIDE`] pixels, in pixels of the chip.
    pub fn predict(&mut self, chips: &[Raster]) -> Result<Vec<Landmarks>, VisionError> {
        let [maps] = self.run(chips, [HEATMAPS])?;
        landmarks_of(&maps, chips.len())
    }

    /// The landmarks in each chip and its face score, which is above 0 if the chip probably shows a
    /// face of the species.
    pub fn predict_with_face_score(
        &mut self,
        chips: &[Raster],
    ) -> Result<Vec<(Landmarks, f32)>, VisionError> {
        let [maps, face_scores] = self.run(chips, [HEATMAPS, FACE_SCORE])?;
        let landmarks = landmarks_of(&maps, chips.len())?;
        Ok(landmarks.into_iter().zip(face_scores.data_typed::<f32>()?.iter().copied()).collect())
    }

    /// Runs the network on these chips and returns its outputs.
    fn run<const N: usize>(
        &mut self,
        chips: &[Raster],
        outputs: [&str; N],
    ) -> Result<[Mat; N], VisionError> {
        let images: Vector<Mat> = chips.iter().map(|chip| chip.mat().clone()).collect();
        let side = CHIP_SIDE as i32;
        let blob = dnn::blob_from_images(
            &images,
            1.0 / INPUT_UNIT,
            Size::new(side, side),
            Scalar::all(INPUT_MEAN),
            false,
            false,
            CV_32F,
        )?;
        self.net.set_input_def(&blob)?;
        let mut found = Vector::<Mat>::new();
        self.net.forward(&mut found, &outputs.into_iter().collect::<Vector<String>>())?;
        Ok(std::array::from_fn(|i| found.get(i).expect("one for each name")))
    }
}

fn landmarks_of(maps: &Mat, chips: usize) -> Result<Vec<Landmarks>, VisionError> {
    let scores = maps.data_typed::<f32>()?;
    if scores.len() != chips * COUNT * CELLS * CELLS {
        return Err(VisionError::HeatMaps { found: scores.len(), chips });
    }
    Ok(scores.chunks_exact(COUNT * CELLS * CELLS).map(landmarks).collect())
}

fn landmarks(maps: &[f32]) -> Landmarks {
    let mut maps = maps.chunks_exact(CELLS * CELLS);
    Landmarks(std::array::from_fn(|_| expected_position(maps.next().expect("one for each point"))))
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
    use super::*;

    #[test]
    fn the_position_lies_between_equal_cells() {
        let mut scores = [-50.0; CELLS * CELLS];
        scores[10 * CELLS + 20] = 5.0;
        let [x, y] = expected_position(&scores);
        assert!((x - 81.5).abs() < 1e-6 && (y - 41.5).abs() < 1e-6, "{x} {y}");
        scores[10 * CELLS + 21] = 5.0;
        let [x, y] = expected_position(&scores);
        assert!((x - 83.5).abs() < 1e-9 && (y - 41.5).abs() < 1e-9, "{x} {y}");
    }
}
