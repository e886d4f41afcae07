//! TLS: those who speak it are served, and those who do not, or take their time, are not.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;
use tripline::configuration::TlsFiles;
use tripline::http::{HttpError, HttpOptions, start};
use tripline::token::Scope;

use crate::fixture::{Setup, Site};
use crate::raw::{PATIENCE, Raw};

/// A certificate that signs itself, with its key.
fn certificate(folder: &Path) -> (TlsFiles, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
    let files = TlsFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    fs::write(&files.certificate, made.cert.pem()).unwrap();
    fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    (files, made.cert.pem())
}

fn site() -> (TempDir, Site, String) {
    let folder = tempfile::tempdir().unwrap();
    let (files, pem) = certificate(folder.path());
    let mut setup = Setup::limited(|limits| limits.handshake = Duration::from_secs(1));
    setup.tls = Some(files);
    (folder, Site::of(setup), pem)
}

fn client(
    site: &Site,
    trusted: &str,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Raw<impl std::io::Read + std::io::Write + use<>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap()).unwrap();
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(ring).with_protocol_versions(versions).unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TcpStream::connect(("127.0.0.1", site.port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    Raw::over(StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream))
}

#[test]
fn lines_come_over_tls() {
    let (_folder, site, pem) = site();
    let token = site.token(Scope::Ingest);
    for (number, version) in (1..).zip([&rustls::version::TLS13, &rustls::version::TLS12]) {
        let mut raw = client(&site, &pem, &[version]);
        raw.send(
            format!(
                "POST /api/v1/ingest?source=web HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
                 Content-Type: text/plain\r\nContent-Length: 4\r\n\r\nn=1\n"
            )
            .as_bytes(),
        );
        assert_eq!(raw.reply().status, 200);
        assert_eq!(site.count("default"), number);
    }
}

#[test]
fn a_renewed_certificate_is_shown_to_who_comes_next() {
    let (folder, site, old) = site();
    let asks = |pem: &str| {
        let mut raw = client(&site, pem, rustls::ALL_VERSIONS);
        raw.send(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").then(|| raw.reply().status)
    };
    assert_eq!(asks(&old), Some(200));
    let shown = site.http.as_ref().unwrap().certificate().unwrap();
    let (files, new) = certificate(folder.path());
    assert_eq!((asks(&old), asks(&new)), (Some(200), None), "it is not read before it is told to");
    shown.renew(&files).unwrap();
    assert_eq!((asks(&old), asks(&new)), (None, Some(200)));
    // Half of a renewal: the certificate is there, and its key is not.
    fs::write(&files.key, "").unwrap();
    shown.renew(&files).unwrap_err();
    assert_eq!(asks(&new), Some(200));
}

#[test]
fn what_is_no_tls_is_not_answered() {
    let (_folder, site, pem) = site();
    let mut plain = site.raw();
    plain.send(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
    plain.closed();
    let mut silent = site.raw();
    silent.closed();
    let mut half = site.raw();
    half.send(&[22, 3, 1, 2, 0, 1, 0]);
    half.closed();
    // Whoever trusts somebody else hears nothing of it.
    let other = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap().cert.pem();
    let mut distrusts = client(&site, &other, rustls::ALL_VERSIONS);
    assert!(!distrusts.send(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"));
    let mut raw = client(&site, &pem, rustls::ALL_VERSIONS);
    raw.send(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(raw.reply().status, 200);
}

#[test]
fn a_certificate_that_is_none_is_said_before_it_listens() {
    let folder = tempfile::tempdir().unwrap();
    let (files, _) = certificate(folder.path());
    let other = tempfile::tempdir().unwrap();
    let (others, _) = certificate(other.path());
    let site = Site::new();
    let fails = |files: TlsFiles| start(HttpOptions { tls: Some(files), ..site.options() }).err().unwrap();
    let wrong = |files: TlsFiles| fails(files).to_string();
    let missing = TlsFiles { certificate: folder.path().join("none.pem"), key: files.key.clone() };
    assert!(wrong(missing).contains("none.pem"));
    let swapped = TlsFiles { certificate: files.key.clone(), key: files.certificate.clone() };
    let said = wrong(swapped);
    assert!(said.starts_with("expected certificates in PEM") && said.ends_with("found none"), "{said}");
    let strangers = TlsFiles { certificate: files.certificate.clone(), key: others.key };
    let error = fails(strangers);
    // No other address helps with that.
    assert!(matches!(error, HttpError::Tls(_)) && error.hint().unwrap().contains("[server] tls"), "{error}");
}

#[test]
fn an_address_that_is_taken_is_said() {
    let site = Site::new();
    let listen = site.http.as_ref().unwrap().address();
    let error = start(HttpOptions { listen, ..site.options() }).err().unwrap();
    assert!(
        matches!(error, HttpError::Listen { .. }) && error.to_string().contains(&site.port().to_string())
    );
    assert!(error.hint().unwrap().contains("--listen"));
}
