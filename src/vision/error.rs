//! Errors of models and native libraries.

use std::{io, path::PathBuf};

use mungpy_core::reason::{Reason, WithReason};

use crate::photo::PhotoError;

/// Why a model could not be loaded or a native library failed.
#[derive(Debug, thiserror::Error)]
pub enum VisionError {
    /// No model directory holds the file.
    #[error("model {file} is missing; {hint}; searched in {}", list(searched))]
    ModelMissing {
        /// Name of the file.
        file: String,
        /// How to get the file.
        hint: String,
        /// Directories that were searched, in order.
        searched: Vec<PathBuf>,
    },
    /// The file exists but cannot be read.
    #[error("model {}: {source}", path.display())]
    ModelUnreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's message.
        source: io::Error,
    },
    /// The file's checksum differs from the manifest's.
    #[error(
        "model {} is damaged or of another version: its SHA-256 is {found}, the manifest says {expected}; install it anew",
        path.display()
    )]
    ModelCorrupted {
        /// The file.
        path: PathBuf,
        /// SHA-256 in the manifest, in hexadecimal.
        expected: String,
        /// SHA-256 of the file, in hexadecimal.
        found: String,
    },
    /// A verified file cannot be parsed.
    #[error("model {file} cannot be used: {detail}")]
    ModelRejected {
        /// Name of the file.
        file: String,
        /// The library's message.
        detail: String,
    },
    /// A GPU build found no usable GPU.
    #[error(
        "no CUDA device can be used: {detail}; install the NVIDIA driver, or use a build without the feature cuda"
    )]
    NoGraphicsProcessor {
        /// CUDA's message.
        detail: String,
    },
    /// A GPU was named to a build that uses none.
    #[error(
        "this build runs its networks on the CPU; leave --gpu out, or build it with --features cuda"
    )]
    CudaMissing,
    /// dlib threw an exception while processing an image.
    #[error("dlib failed on the photo{}", own_words(.0))]
    Dlib(#[from] cxx::Exception),
    /// A network returned something other than 17 maps per chip.
    #[error("the landmark network gave {found} values for {chips} chips")]
    HeatMaps {
        /// Number of values in its output.
        found: usize,
        /// Number of chips in its input.
        chips: usize,
    },
    /// The image could not be prepared for dlib.
    #[error(transparent)]
    Photo(#[from] PhotoError),
}

impl VisionError {
    /// Whether less at once may work: memory of the machine or of its GPU is short.
    pub(super) fn is_memory_short(&self) -> bool {
        match self {
            Self::Dlib(exception) => {
                // What C++ says, and what CUDA says.
                let words = exception.what();
                words.contains("bad_alloc") || words.contains("out of memory")
            }
            Self::Photo(error) => matches!(error, PhotoError::OutOfMemory),
            _ => false,
        }
    }

    /// The message with the library's own, for the operator alone: it may name source files.
    pub(super) fn detail(&self) -> String {
        let source = std::error::Error::source(self);
        source.map_or_else(|| self.to_string(), |source| format!("{self}: {source}"))
    }
}

impl WithReason for VisionError {
    fn reason(&self) -> Reason {
        match self {
            Self::ModelMissing { .. } => Reason::ModelMissing,
            Self::ModelUnreadable { .. } => Reason::ModelUnreadable,
            Self::ModelCorrupted { .. } => Reason::ModelCorrupted,
            Self::ModelRejected { .. } => Reason::ModelRejected,
            Self::NoGraphicsProcessor { .. } => Reason::NoCudaDevice,
            Self::CudaMissing => Reason::FeatureMissing,
            Self::Dlib(_) | Self::HeatMaps { .. } => Reason::VisionFailed,
            Self::Photo(error) => error.reason(),
        }
    }
}

/// What the bridge to dlib says itself. dlib's own messages name its source files, line by line.
fn own_words(exception: &cxx::Exception) -> String {
    let words = exception.what();
    if words.contains(['/', '\n']) { String::new() } else { format!(": {words}") }
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
