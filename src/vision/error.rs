//! What can go wrong between Rust and the native libraries.

use std::{io, path::PathBuf};

use mungpy_core::reason::{Reason, WithReason};

use crate::photo::PhotoError;

/// Why a model could not be loaded or dlib refused an image.
#[derive(Debug, thiserror::Error)]
pub enum VisionError {
    /// No model directory holds the file.
    #[error("model {file} is missing; {hint}; searched in {}", list(searched))]
    ModelMissing {
        /// Name of the file.
        file: String,
        /// Where it comes from.
        hint: String,
        /// Directories that were searched, in order.
        searched: Vec<PathBuf>,
    },
    /// The file exists and cannot be read.
    #[error("model {}: {source}", path.display())]
    ModelUnreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is not the one that the manifest names.
    #[error(
        "model {} is damaged or of another version: its SHA-256 is {found}, the manifest says {expected}; install it anew",
        path.display()
    )]
    ModelCorrupted {
        /// The file.
        path: PathBuf,
        /// SHA-256 of the manifest, in hexadecimal.
        expected: String,
        /// SHA-256 of the file, in hexadecimal.
        found: String,
    },
    /// A verified file cannot be parsed.
    #[error("model {file} cannot be used: {detail}")]
    ModelRejected {
        /// Name of the file.
        file: String,
        /// What the library said.
        detail: String,
    },
    /// A build for GPUs runs where none can be used.
    #[error(
        "no CUDA device can be used: {detail}; install the NVIDIA driver, or use a build without the feature cuda"
    )]
    NoGraphicsProcessor {
        /// What CUDA said.
        detail: String,
    },
    /// dlib threw an exception while it worked on an image.
    #[error("dlib failed: {0}")]
    Dlib(#[from] cxx::Exception),
    /// OpenCV threw an exception while it ran a network.
    #[error("OpenCV failed: {0}")]
    OpenCv(#[from] opencv::Error),
    /// A network answered with something else than 16 heat maps for each chip.
    #[error("the landmark network gave {found} values for {chips} chips")]
    HeatMaps {
        /// Values in its answer.
        found: usize,
        /// Chips that it was given.
        chips: usize,
    },
    /// The image could not be prepared for dlib.
    #[error(transparent)]
    Photo(#[from] PhotoError),
}

impl WithReason for VisionError {
    fn reason(&self) -> Reason {
        match self {
            Self::ModelMissing { .. } => Reason::ModelMissing,
            Self::ModelUnreadable { .. } => Reason::ModelUnreadable,
            Self::ModelCorrupted { .. } => Reason::ModelCorrupted,
            Self::ModelRejected { .. } => Reason::ModelRejected,
            Self::NoGraphicsProcessor { .. } => Reason::NoCudaDevice,
            Self::Dlib(_) | Self::OpenCv(_) | Self::HeatMaps { .. } => Reason::VisionFailed,
            Self::Photo(error) => error.reason(),
        }
    }
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
