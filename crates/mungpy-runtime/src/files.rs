//! Reads files that a source or a user names: regular files only, and never more than a limit.
//!
//! A pipe, a device or a link to one would block or never end, so it is refused before a byte is
//! read. What is refused stays an [`io::Error`], so that each caller reports it like any other file
//! that cannot be read.

use std::{
    fs::{File, FileType, Metadata},
    io::{self, ErrorKind, Read},
    os::unix::fs::FileTypeExt,
    path::Path,
};

use rustix::fs::{Mode, OFlags};

/// Why a file was refused although the system would read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    #[error("it is {0} and no regular file; name a file")]
    NoFile(&'static str),
    #[error("it has {bytes} bytes, more than the limit of {limit}")]
    TooLarge { bytes: u64, limit: u64 },
    #[error("it changed while it was read; try again")]
    Changed,
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::NoFile(_) => ErrorKind::InvalidInput,
            Refusal::TooLarge { .. } => ErrorKind::FileTooLarge,
            Refusal::Changed => ErrorKind::ResourceBusy,
        };
        Self::new(kind, refusal)
    }
}

/// Reads a whole regular file of at most `limit` bytes.
///
/// # Errors
/// The file cannot be read, is no regular file, is larger, or changes meanwhile.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    let before = file.metadata()?;
    if before.len() > limit {
        return Err(Refusal::TooLarge { bytes: before.len(), limit }.into());
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(before.len() as usize + 1)?;
    (&mut file).take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(Refusal::TooLarge { bytes: bytes.len() as u64, limit }.into());
    }
    if !is_same(&before, &file.metadata()?, &bytes) {
        return Err(Refusal::Changed.into());
    }
    Ok(bytes)
}

/// Reads a whole text file like [`read`].
///
/// # Errors
/// As [`read`], or the text is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let bytes = read(path, limit)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8"))
}

/// Opens a regular file. Opening a pipe without a writer would block, so nothing may block here; a
/// terminal must not become the controlling one.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    match kind(file.metadata()?.file_type()) {
        None => Ok(file),
        Some(kind) => Err(Refusal::NoFile(kind).into()),
    }
}

/// What a path names if it is no regular file.
fn kind(of: FileType) -> Option<&'static str> {
    match of {
        of if of.is_file() => None,
        of if of.is_dir() => Some("a folder"),
        of if of.is_fifo() => Some("a pipe"),
        of if of.is_socket() => Some("a socket"),
        _ => Some("a device"),
    }
}

/// Whether a file is as it was, and was read to its end. Files of `/proc` say that they are empty.
fn is_same(before: &Metadata, after: &Metadata, bytes: &[u8]) -> bool {
    let is_whole = before.len() == bytes.len() as u64 || before.len() == 0;
    is_whole && before.len() == after.len() && before.modified().ok() == after.modified().ok()
}

/// Size of a file that was refused because it is larger than the limit, in bytes.
pub fn excess(error: &io::Error) -> Option<u64> {
    match error.get_ref()?.downcast_ref()? {
        Refusal::TooLarge { bytes, .. } => Some(*bytes),
        _ => None,
    }
}
