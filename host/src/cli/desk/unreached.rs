//! Why a server could not be asked, in words for people: what its TLS says names types of a library else.

use rustls::{CertificateError, InvalidMessage};
use ureq::Error;

use crate::notices::tls_words;

/// What came instead of an answer, and what to do about it.
pub(super) fn words(error: &Error) -> (String, Option<&'static str>) {
    let Error::Io(io) = error else { return (error.to_string(), None) };
    let hint = match io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(certificate)) => hint(certificate),
        Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
            Some("a server without a certificate is asked by http://, on its own machine alone")
        }
        _ => None,
    };
    (tls_words(io).unwrap_or_else(|| io.to_string()), hint)
}

fn hint(error: &CertificateError) -> Option<&'static str> {
    match error {
        CertificateError::UnknownIssuer => Some("SSL_CERT_FILE names the certificate of who has issued it"),
        CertificateError::Other(_) => {
            Some("an authority's own certificate is trusted for those that it has issued, and is no server's")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind};
    use std::sync::Arc;

    use rustls::OtherError;

    use super::*;

    fn said(error: rustls::Error) -> (String, Option<&'static str>) {
        words(&Error::Io(io::Error::new(ErrorKind::InvalidData, error)))
    }

    #[test]
    fn what_can_be_done_is_said_with_it() {
        let certificate = |error| said(rustls::Error::InvalidCertificate(error));
        assert!(certificate(CertificateError::UnknownIssuer).1.is_some());
        assert_eq!(certificate(CertificateError::Expired).1, None);
        let other = OtherError(Arc::new(io::Error::other("CaUsedAsEndEntity")));
        let (words, hint) = certificate(CertificateError::Other(other));
        assert!(words.ends_with("ca used as end entity") && hint.is_some(), "{words}");
        let (plain, hint) = said(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType));
        assert!(plain.starts_with("expected TLS, found something else") && hint.is_some(), "{plain}");
        let refused = super::words(&Error::Io(ErrorKind::ConnectionRefused.into()));
        assert_eq!(refused, ("connection refused".into(), None));
    }
}
