//! What a person can do with why TLS did not come about.

use std::error::Error;
use std::io;

use rustls::{CertificateError, Error as TlsError};

/// Why there is no TLS, in words; `None`: it is something else that went wrong.
pub(crate) fn tls_words(error: &(dyn Error + 'static)) -> Option<String> {
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let tls = error.downcast_ref::<TlsError>().or_else(|| inner?.downcast_ref());
    match (tls, error.source()) {
        (Some(tls), _) => Some(words(tls)),
        (None, source) => source.and_then(tls_words),
    }
}

fn words(error: &TlsError) -> String {
    let found = match error {
        TlsError::InvalidMessage(_) => {
            return "expected TLS, found something else: is it spoken there?".into();
        }
        TlsError::InvalidCertificate(wrong) => match wrong {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "one that has expired".into()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "one that is not valid yet".into()
            }
            CertificateError::UnknownIssuer => "one of an authority that is not known here".into(),
            CertificateError::NotValidForName => "one for another name".into(),
            CertificateError::NotValidForNameContext { presented, .. } => match &presented[..] {
                [] => "one for another name".into(),
                names => format!("one for {}", names.join(", ")),
            },
            CertificateError::Other(why) => format!("one that cannot be used: {}", spaced(&why.to_string())),
            other => spaced(&format!("{other:?}")),
        },
        other => return other.to_string(),
    };
    format!("expected a certificate that can be believed, found {found}")
}

/// `CaUsedAsEndEntity` as words. The library has no others for it.
fn spaced(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars().take(200) {
        if letter.is_uppercase() && out.ends_with(char::is_lowercase) {
            out.push(' ');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use std::io;

    use rustls::{CertificateError, Error, InvalidMessage};

    use super::{spaced, tls_words};

    #[test]
    fn why_there_is_no_tls_is_said_in_words() {
        let plain = Error::InvalidMessage(InvalidMessage::InvalidContentType);
        let wrapped = io::Error::new(io::ErrorKind::InvalidData, plain);
        let said = tls_words(&wrapped).unwrap_or_default();
        assert_eq!(said, "expected TLS, found something else: is it spoken there?");
        let unknown = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let said = tls_words(&unknown).unwrap_or_default();
        assert_eq!(
            said,
            "expected a certificate that can be believed, found one of an authority that is not known here"
        );
        assert_eq!(spaced("CaUsedAsEndEntity"), "ca used as end entity");
        assert_eq!(tls_words(&io::Error::other("else")), None);
    }
}
