//! Certificates and keys in files, and what a certificate says.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use mungpy_core::reason::{Reason, WithReason};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject};
use x509_cert::{Certificate, der::Decode};

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not PEM.
    #[error("{} is damaged: a section is no PEM; write the file anew", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// A file holds no certificate.
    #[error("{} holds no certificate: it needs a section `BEGIN CERTIFICATE`", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A file holds no private key.
    #[error(
        "{} holds no private key: it needs a section `BEGIN PRIVATE KEY` that is not encrypted",
        path.display()
    )]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// Certificate and key cannot be used together.
    #[error(
        "the certificate {} and the key {} cannot be used together: {source}",
        certificate.display(),
        key.display()
    )]
    Unusable {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// A certificate authority cannot be used.
    #[error("the certificate authority in {} cannot be used: {reason}", path.display())]
    AuthorityUnusable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl WithReason for TlsError {
    fn reason(&self) -> Reason {
        match self {
            Self::Unreadable { .. } => Reason::FileUnusable,
            _ => Reason::ConfigInvalid,
        }
    }
}

/// The certificates in a file: at least one.
pub(crate) fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(path)?).collect();
    let path = path.to_owned();
    match chain {
        Ok(chain) if chain.is_empty() => Err(TlsError::NoCertificate { path }),
        Ok(chain) => Ok(chain),
        // The error would quote a line of the file.
        Err(_) => Err(TlsError::Malformed { path }),
    }
}

/// The first private key in a file.
pub(crate) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let key = PrivateKeyDer::from_pem_slice(&read(path)?);
    let path = path.to_owned();
    key.map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::NoKey { path },
        // The error would quote a line of the file.
        _ => TlsError::Malformed { path },
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })
}

/// When a certificate expires.
pub(crate) fn expiry(certificate: &CertificateDer<'_>) -> Option<SystemTime> {
    let certificate = Certificate::from_der(certificate).ok()?;
    Some(certificate.tbs_certificate.validity.not_after.to_system_time())
}

/// The subject of a certificate as RFC 4514 writes it: `CN=gateway,O=Mungpy`.
pub(crate) fn subject(certificate: &CertificateDer<'_>) -> Option<Arc<str>> {
    let certificate = Certificate::from_der(certificate).ok()?;
    Some(certificate.tbs_certificate.subject.to_string().into())
}
