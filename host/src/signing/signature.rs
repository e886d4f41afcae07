//! A signature: read, shown, made and checked.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, UnparsedPublicKey};

use super::key::{KeyId, PublicKey};
use super::secret::SecretKey;
use super::statement::{Statement, VERSION};
use crate::security_log::hex;

/// What each begins with. The number is the format's.
const MARK: &str = "tripline-pack-signature 1";
const BYTES: usize = 64;

/// Somebody's word that a module is this version of this pack.
///
/// As text it is one line: `tripline-pack-signature 1 NAME VERSION SHA256 KEY SIGNATURE`, with one space between two words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    statement: Statement,
    key: KeyId,
    bytes: [u8; BYTES],
}

/// Why a text is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It is too long to be one.
    #[error("expected a signature of at most {} bytes, found more", Signature::MOST)]
    Long,
    /// It is another kind, or of another version.
    #[error("expected a signature that begins with `{MARK}`, found something else")]
    Other,
    /// It begins as one.
    #[error(
        "expected `{MARK}` and five words, name, version, SHA-256, key and signature, found what cannot be read as these"
    )]
    Words,
    /// The version is too long to be signed.
    #[error("expected a version of at most {VERSION} bytes, found one that is longer")]
    Version,
}

/// Why a module is not signed as it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// There is none.
    #[error("expected a signature by {}, found none", keys(.0))]
    Missing(Vec<KeyId>),
    /// What is there is none.
    #[error(transparent)]
    Malformed(#[from] SignatureError),
    /// It is by somebody else.
    #[error("expected a signature by {}, found one by the key {found}", keys(.expected))]
    Stranger {
        /// Who may sign.
        expected: Vec<KeyId>,
        /// Who has.
        found: KeyId,
    },
    /// It or what it says was changed, or somebody else has made it.
    #[error("expected a signature that the key {0} has made, found one that does not hold")]
    Broken(KeyId),
    /// It is of something else.
    #[error("expected a signature of {expected}, found one of {found}")]
    Moved {
        /// What is there, in words.
        expected: String,
        /// What was signed.
        found: Box<Statement>,
    },
}

impl Signature {
    /// Bytes that one has at most.
    pub const MOST: usize = 512;

    /// Signs what is said of a module.
    ///
    /// # Errors
    /// Its version is too long.
    pub fn make(statement: Statement, key: &SecretKey) -> Result<Signature, SignatureError> {
        if !statement.fits() {
            return Err(SignatureError::Version);
        }
        let id = key.public().id();
        let bytes = key.sign(said(&statement, id).as_bytes());
        Ok(Signature { statement, key: id, bytes })
    }

    /// Reads one; a line break may follow, and nothing else.
    ///
    /// # Errors
    /// It is none.
    pub fn read(text: &[u8]) -> Result<Signature, SignatureError> {
        if text.len() > Signature::MOST {
            return Err(SignatureError::Long);
        }
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = str::from_utf8(text).map_err(|_| SignatureError::Other)?;
        let rest = text.strip_prefix(MARK).and_then(|rest| rest.strip_prefix(' '));
        let words: Vec<&str> = rest.ok_or(SignatureError::Other)?.split(' ').collect();
        let [name, version, digest, key, signature] = words[..] else { return Err(SignatureError::Words) };
        let bytes = URL_SAFE_NO_PAD.decode(signature).ok().and_then(|bytes| bytes.try_into().ok());
        let statement = Statement::read(name, version, digest).zip(key.parse().ok()).zip(bytes);
        let ((statement, key), bytes) = statement.ok_or(SignatureError::Words)?;
        Ok(Signature { statement, key, bytes })
    }

    /// Who says that they have made it.
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// What it says.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Whether one of these keys has made it, whatever it says.
    ///
    /// # Errors
    /// None has.
    pub fn holds(&self, keys: &[PublicKey]) -> Result<(), Unsigned> {
        let ids = || keys.iter().map(PublicKey::id).collect();
        let stranger = || Unsigned::Stranger { expected: ids(), found: self.key };
        let key = keys.iter().find(|key| key.id() == self.key).ok_or_else(stranger)?;
        let said = said(&self.statement, self.key);
        let verified = UnparsedPublicKey::new(&ED25519, key.as_bytes()).verify(said.as_bytes(), &self.bytes);
        verified.map_err(|_| Unsigned::Broken(self.key))
    }

    /// Whether it says that of this module.
    ///
    /// # Errors
    /// It is of another one, or of another name or version of it.
    pub fn is_of(&self, there: &Statement) -> Result<(), Unsigned> {
        if self.statement == *there { Ok(()) } else { Err(self.moved(there.to_string())) }
    }

    /// As far as it can be known before anything of the module is read.
    ///
    /// # Errors
    /// It is of another one.
    pub fn is_of_bytes(&self, digest: &[u8; 32]) -> Result<(), Unsigned> {
        let there = || format!("a module with the SHA-256 {}…", &hex(digest)[..16]);
        if self.statement.digest == *digest { Ok(()) } else { Err(self.moved(there())) }
    }

    fn moved(&self, expected: String) -> Unsigned {
        Unsigned::Moved { expected, found: Box::new(self.statement.clone()) }
    }
}

/// The line itself.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", said(&self.statement, self.key), URL_SAFE_NO_PAD.encode(self.bytes))
    }
}

/// What is signed: the line, without its last word.
fn said(Statement { name, version, digest }: &Statement, key: KeyId) -> String {
    format!("{MARK} {name} {version} {} {key}", hex(digest))
}

/// Keys as an error names them.
fn keys(keys: &[KeyId]) -> String {
    /// More are not told.
    const TOLD: usize = 3;
    let told = keys.iter().take(TOLD).map(KeyId::to_string).collect::<Vec<_>>().join(" or ");
    let more = keys.len().saturating_sub(TOLD);
    let one = if keys.len() == 1 { "the key" } else { "one of the keys" };
    if more == 0 { format!("{one} {told}") } else { format!("{one} {told} or {more} more") }
}
