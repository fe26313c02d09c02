//! TLS and mutual TLS, with certificates that may change while the server runs.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};

use super::{
    Protocol,
    certificate::{self, TlsError},
    watched::{Reloadable, Watched, warn_if_public},
};

/// The certificate of a server, and the authority of its callers' certificates if they need one.
///
/// A clone is the same certificate. Connections that are open keep what they began with.
#[derive(Clone)]
pub struct Tls(Arc<Watched<Loaded, TlsError>>);

/// The files of a [`Tls`], all in PEM.
#[derive(Debug, Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

struct Loaded {
    http2: Arc<ServerConfig>,
    any: Arc<ServerConfig>,
    expires: Option<SystemTime>,
}

impl Tls {
    /// Loads a certificate (with the chain after it) and its private key. With `client_ca`, a file
    /// of one or more certificates, only callers with a certificate of such an authority are served.
    pub fn load(
        certificate: &Path,
        key: &Path,
        client_ca: Option<&Path>,
    ) -> Result<Self, TlsError> {
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            client_ca: client_ca.map(Path::to_owned),
        };
        let paths = [&files.certificate, &files.key].into_iter().chain(&files.client_ca);
        let paths = paths.cloned().collect();
        Watched::new("certificate", paths, move || files.load())
            .map(|watched| Self(Arc::new(watched)))
    }

    /// Loads the files now. If that fails, the old certificate stays in use.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.0.reload()
    }

    /// When the certificate expires.
    pub fn expires(&self) -> Option<SystemTime> {
        self.0.current().expires
    }

    pub(crate) fn config(&self, protocol: Protocol) -> Arc<ServerConfig> {
        let loaded = self.0.current();
        Arc::clone(match protocol {
            Protocol::Http2 => &loaded.http2,
            Protocol::Any => &loaded.any,
        })
    }
}

impl Reloadable for Tls {
    fn look(&self) {
        self.0.look();
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("expires", &self.expires()).finish_non_exhaustive()
    }
}

impl Files {
    fn load(&self) -> Result<Loaded, TlsError> {
        let chain = certificate::chain(&self.certificate)?;
        let key = certificate::key(&self.key)?;
        warn_if_public(&self.key);
        let expires = chain.first().and_then(certificate::expiry);
        if expires.is_some_and(|expires| expires <= SystemTime::now()) {
            tracing::warn!(
                path = %self.certificate.display(),
                "the certificate has expired: callers will refuse it"
            );
        }
        let client_ca = self.client_ca.as_deref().map(verifier).transpose()?;
        let config = self.config(chain, key, client_ca)?;
        let speaking = |protocols: &[&[u8]]| {
            let mut config = config.clone();
            config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            Arc::new(config)
        };
        Ok(Loaded { http2: speaking(&[b"h2"]), any: speaking(&[b"h2", b"http/1.1"]), expires })
    }

    fn config(
        &self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        client_ca: Option<Arc<dyn ClientCertVerifier>>,
    ) -> Result<ServerConfig, TlsError> {
        let unusable = |source| TlsError::Unusable {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            source,
        };
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let builder = match client_ca {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        builder.with_single_cert(chain, key).map_err(unusable)
    }
}

/// Accepts certificates of the authorities in a file.
fn verifier(path: &Path) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let unusable = |reason: String| TlsError::AuthorityUnusable { path: path.to_owned(), reason };
    let mut roots = RootCertStore::empty();
    for authority in certificate::chain(path)? {
        roots.add(authority).map_err(|error| unusable(error.to_string()))?;
    }
    let provider = Arc::new(default_provider());
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| unusable(error.to_string()))
}
