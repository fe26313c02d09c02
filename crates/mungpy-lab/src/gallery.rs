//! Photos of individuals in a folder.

use std::path::{Path, PathBuf};

use mungpy_source::{SourceError, photos_in, sorted_entries};

/// A photo, and the individual and the recording that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The file.
    pub path: PathBuf,
    /// Whom it shows.
    pub individual: String,
    /// Photos of one recording were taken together and are no independent
    /// measurements. Without recordings each photo is its own.
    pub recording: String,
}

/// Photos in a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gallery {
    /// In the order of their paths.
    pub pictures: Vec<Picture>,
}

impl Gallery {
    /// The photos of several folders, as [`Self::find`] finds them in one.
    pub fn find_all<P: AsRef<Path>>(roots: &[P], recordings: bool) -> Result<Self, SourceError> {
        let mut all = Self::default();
        for root in roots {
            all.pictures.extend(Self::find(root.as_ref(), recordings)?.pictures);
        }
        Ok(all)
    }

    /// Each sub-folder is an individual; so is each photo that lies in `root`
    /// itself. With `recordings`, photos of an individual whose names begin with
    /// the same character are one recording.
    pub fn find(root: &Path, recordings: bool) -> Result<Self, SourceError> {
        let mut pictures = Vec::new();
        let mut add = |path: PathBuf, individual: Option<&str>| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let recording = match name.chars().next() {
                Some(first) if recordings => first.to_string(),
                _ => name.clone(),
            };
            let individual = individual.map_or(name, str::to_owned);
            pictures.push(Picture { path, individual, recording });
        };
        for path in photos_in(root)? {
            add(path, None);
        }
        for folder in sorted_entries(root)?.iter().filter(|path| path.is_dir()) {
            let individual = folder.file_name().unwrap_or_default().to_string_lossy();
            for path in photos_in(folder)? {
                add(path, Some(&individual));
            }
        }
        Ok(Self { pictures })
    }
}
