//! What a signature says: this module is this version of this pack.

use std::fmt;

use semver::Version;
use tripline_engine::Pack;
use tripline_engine::abi::manifest::Limit;

use crate::security_log::hex;

/// Bytes of a version that can be signed; nobody writes longer ones by hand.
pub(super) const VERSION: usize = 128;

/// A module, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) digest: [u8; 32],
}

impl Statement {
    /// What can be said of a pack.
    pub fn of(pack: &Pack) -> Statement {
        let manifest = &pack.manifest().pack;
        Statement {
            name: manifest.name.clone(),
            version: manifest.version.to_string(),
            digest: *pack.digest(),
        }
    }

    /// What is said of a version that is kept.
    pub(crate) fn kept(name: &str, version: &str, digest: [u8; 32]) -> Statement {
        Statement { name: name.into(), version: version.into(), digest }
    }

    /// Reads three words; each has one way of being written.
    pub(super) fn read(name: &str, version: &str, digest: &str) -> Option<Statement> {
        let is_plain = |one: u8| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'-';
        if name.is_empty() || name.len() > Limit::NAME || !name.bytes().all(is_plain) {
            return None;
        }
        let parsed = Version::parse(version).ok().filter(|_| version.len() <= VERSION)?;
        if parsed.to_string() != version {
            return None;
        }
        let mut bytes = [0; 32];
        unhex(digest, &mut bytes)?;
        Some(Statement { name: name.into(), version: version.into(), digest: bytes })
    }

    /// Whether it can be signed.
    pub(super) fn fits(&self) -> bool {
        self.version.len() <= VERSION
    }
}

/// `door 1.2.0 (SHA-256 …)`, of which the hash is given as far as people compare it.
impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} (SHA-256 {}…)", self.name, self.version, &hex(&self.digest)[..16])
    }
}

/// Lower case alone, and of the right length.
pub(super) fn unhex(text: &str, bytes: &mut [u8]) -> Option<()> {
    if text.len() != bytes.len() * 2 {
        return None;
    }
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(digits[0])? << 4 | digit(digits[1])?;
    }
    Some(())
}
