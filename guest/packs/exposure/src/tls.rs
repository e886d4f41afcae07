use std::str::FromStr;

use crate::expected::Expected;

/// A version of TLS, or of SSL before it; the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tls {
    /// SSL 2.
    Ssl2,
    /// SSL 3.
    Ssl3,
    /// TLS 1.0.
    Tls10,
    /// TLS 1.1.
    Tls11,
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl Tls {
    const ALL: [Tls; 6] = [Tls::Ssl2, Tls::Ssl3, Tls::Tls10, Tls::Tls11, Tls::Tls12, Tls::Tls13];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Tls::Ssl2 => "SSL 2",
            Tls::Ssl3 => "SSL 3",
            Tls::Tls10 => "TLS 1.0",
            Tls::Tls11 => "TLS 1.1",
            Tls::Tls12 => "TLS 1.2",
            Tls::Tls13 => "TLS 1.3",
        }
    }

    /// How nmap's `ssl-enum-ciphers` heads its ciphers.
    fn head(self) -> &'static str {
        match self {
            Tls::Ssl2 => "SSLv2:",
            Tls::Ssl3 => "SSLv3:",
            Tls::Tls10 => "TLSv1.0:",
            Tls::Tls11 => "TLSv1.1:",
            Tls::Tls12 => "TLSv1.2:",
            Tls::Tls13 => "TLSv1.3:",
        }
    }
}

/// The setting's text: `1.2`.
impl FromStr for Tls {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        let found = Tls::ALL.into_iter().find(|version| version.name().strip_prefix("TLS ") == Some(text));
        found.ok_or_else(|| Expected::new("a version of TLS, 1.0 to 1.3", text))
    }
}

/// The versions below `minimum` that a server offers, by what a script said.
pub(crate) fn offered(script: &[u8], output: &[u8], minimum: Tls) -> Vec<Tls> {
    let lines = || output.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let offers = |version: &Tls| match script {
        b"ssl-enum-ciphers" => lines().any(|line| line == version.head().as_bytes()),
        b"sslv2" => *version == Tls::Ssl2 && lines().any(|line| line == b"SSLv2 supported"),
        _ => false,
    };
    Tls::ALL.into_iter().filter(|version| *version < minimum).filter(offers).collect()
}
