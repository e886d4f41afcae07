//! The certificate: read at the start, and again when it was renewed.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::pki_types::pem::{Error, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::HttpError;
use crate::configuration::TlsFiles;

/// The certificate of a server that runs.
#[derive(Clone)]
pub struct Certificate(Arc<RwLock<TlsAcceptor>>);

impl Certificate {
    /// Reads it.
    ///
    /// # Errors
    /// The files have no certificate with its key.
    pub fn read(files: &TlsFiles) -> Result<Certificate, HttpError> {
        Ok(Certificate(Arc::new(RwLock::new(acceptor(files)?))))
    }

    /// Reads it again: who comes from now on is shown this one.
    ///
    /// # Errors
    /// The files have no certificate with its key; the old one stays.
    pub fn renew(&self, files: &TlsFiles) -> Result<(), HttpError> {
        let renewed = acceptor(files)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(())
    }

    /// What agrees on TLS with who comes now.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What agrees on TLS with whoever comes: 1.2 or 1.3, and HTTP/1.1.
fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, HttpError> {
    let what = "certificates";
    let chain =
        CertificateDer::pem_file_iter(&files.certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| pem(what, &files.certificate, &error))?;
    if chain.is_empty() {
        return Err(pem(what, &files.certificate, &Error::NoItemsFound));
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| pem("a private key", &files.key, &error))?;
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(ring).with_safe_default_protocol_versions()?;
    let mut config = config.with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// What is in the file is not said: it may be the key.
fn pem(what: &'static str, path: &Path, error: &Error) -> HttpError {
    let found = match error {
        Error::Io(error) => error.to_string(),
        Error::NoItemsFound => "none".into(),
        _ => "something else".into(),
    };
    HttpError::Pem { what, path: path.into(), found }
}
