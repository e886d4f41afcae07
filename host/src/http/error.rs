use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the server cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address cannot be had.
    #[error("expected to listen on {address}, found {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// A certificate or key cannot be read.
    #[error("expected {what} in PEM in {}, found {found}", path.display())]
    Pem {
        /// What it should be.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What is there.
        found: String,
    },
    /// The certificate and the key do not go together, or cannot be used.
    #[error("expected a certificate and its key, found {0}")]
    Tls(#[from] rustls::Error),
    /// The system gives no threads.
    #[error("expected threads for HTTP, found {0}")]
    Threads(io::Error),
}

impl HttpError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            HttpError::Listen { .. } => Some("name another address with --listen ADDR, or --listen off"),
            HttpError::Pem { .. } | HttpError::Tls(_) => Some(
                "[server] tls = { certificate = …, key = … } names a certificate with those that it hangs on, and its \
                 own key, in PEM",
            ),
            HttpError::Threads(_) => None,
        }
    }
}
