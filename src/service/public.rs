//! Who asks: running sums over the persons that were answered, if the operator wants them.
//!
//! They hold count, mean and covariance of estimated proportions, never a single person: the
//! file is first written after [`BLOCK`] persons and then for each further block, so that the
//! difference between two files is a sum over a block.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use mungpy_core::{face::Measurement, resemblance::PersonSums};
use tempfile::NamedTempFile;

use crate::files::{self, MAX_SETTINGS_BYTES};

/// Persons between two writings of the file.
const BLOCK: u64 = 100;

/// The sums, and the file that they are written to.
pub struct PublicSums {
    path: PathBuf,
    sums: Mutex<PersonSums>,
}

impl PublicSums {
    /// Goes on with the sums in a file if they are of the same models, else begins anew.
    pub fn open(path: &Path, model_version: &str) -> Self {
        let known = files::read(path, MAX_SETTINGS_BYTES).ok();
        let known = known.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let sums = known
            .filter(|sums: &PersonSums| sums.is_of(model_version))
            .unwrap_or_else(|| PersonSums::new(model_version));
        Self { path: path.to_owned(), sums: Mutex::new(sums) }
    }

    /// Adds a person. A file that cannot be written is said in the log and fails no request.
    pub(super) fn add(&self, person: &Measurement) {
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        sums.add(person);
        if sums.count.is_multiple_of(BLOCK)
            && let Err(error) = self.write(&sums)
        {
            tracing::warn!(path = %self.path.display(), %error, "sums over persons not written");
        }
    }

    fn write(&self, sums: &PersonSums) -> std::io::Result<()> {
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let mut file = NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
        file.write_all(&serde_json::to_vec(sums)?)?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use mungpy_core::resemblance::{PersonEstimator, sample_faces};

    use super::*;

    #[test]
    fn no_file_tells_of_fewer_persons_than_a_block() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("public.json");
        let persons = sample_faces(&PersonEstimator::shipped().population, 250);
        let public = PublicSums::open(&path, "a");
        for person in &persons[..99] {
            public.add(person);
        }
        assert!(!path.exists());
        for person in &persons[99..] {
            public.add(person);
        }
        let written: PersonSums = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(written.count, 200);
        // The next server goes on; other models begin anew.
        let count = |version| PublicSums::open(&path, version).sums.into_inner().unwrap().count;
        assert_eq!((count("a"), count("b")), (200, 0));
    }
}
