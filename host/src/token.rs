//! Tokens: who may use a server, for whom, and how far.
//!
//! The secret is shown once. What is kept is its SHA-256: a database that is stolen opens nothing, and 256 random bits
//! need no slow hash.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::commit::Tenant;
use crate::incidents::Actor;

/// What every secret begins with, so that it is found where it should not be.
const MARK: &str = "tl_";
const BYTES: usize = 32;
/// Bytes of a token's name.
const NAME: usize = 64;

/// What a token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything, also what is of the server and of all tenants: metrics, tenants.
    Operator,
    /// Everything of the tenant, also who may do what.
    Admin,
    /// To read, and to work incidents off.
    Analyst,
    /// To read, and to bring packs.
    Author,
    /// To read.
    Reader,
    /// To bring lines, and nothing else.
    Ingest,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 6] =
        [Scope::Operator, Scope::Admin, Scope::Analyst, Scope::Author, Scope::Reader, Scope::Ingest];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Operator => "operator",
            Scope::Admin => "admin",
            Scope::Analyst => "analyst",
            Scope::Author => "author",
            Scope::Reader => "reader",
            Scope::Ingest => "ingest",
        }
    }

    /// Whether a token of this scope may do what needs that one.
    pub fn covers(self, needed: Scope) -> bool {
        match self {
            Scope::Operator => true,
            Scope::Admin => needed != Scope::Operator,
            Scope::Analyst | Scope::Author => needed == self || needed == Scope::Reader,
            Scope::Reader | Scope::Ingest => self == needed,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = ();

    fn from_str(word: &str) -> Result<Scope, ()> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == word).ok_or(())
    }
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its number, from 1, among all tokens.
    pub id: i64,
    /// Whose data it opens.
    pub tenant: Tenant,
    /// What people call it.
    pub name: String,
    /// What it may be used for.
    pub scope: Scope,
    /// When it was made, nanoseconds since 1970.
    pub created: i64,
    /// Who made it: an actor's id.
    pub author: String,
    /// From when on it opens nothing; `None`: it does not run out.
    pub expires: Option<i64>,
    /// When it was revoked.
    pub revoked: Option<i64>,
}

impl Token {
    /// Whether it opens anything at this time.
    pub fn holds(&self, now: i64) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| now < expires)
    }

    /// Who does what is done with it.
    pub fn actor(&self) -> Actor {
        Actor::named(format!("token:{}", self.id), &*self.name)
    }
}

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// Whose data it opens.
    pub tenant: Tenant,
    /// What people call it: see [`is_name`].
    pub name: String,
    /// What it may be used for.
    pub scope: Scope,
    /// When it runs out.
    pub expires: Option<i64>,
}

/// Whether a token can be called so: one line of at most 64 bytes, and not nothing.
pub fn is_name(name: &str) -> bool {
    let told = !name.trim().is_empty() && name.len() <= NAME;
    told && !name.chars().any(char::is_control)
}

/// What opens a server: `tl_` and 256 random bits. Nothing shows it by mistake; it is wiped when it is dropped.
#[derive(Clone, Debug)]
pub struct TokenSecret(SecretString);

/// There is no randomness to be had.
#[derive(Debug, thiserror::Error)]
#[error("expected random bytes of the system, found none: {0}")]
pub struct NoRandomness(getrandom::Error);

impl TokenSecret {
    /// A new one.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn draw() -> Result<TokenSecret, NoRandomness> {
        draw(MARK).map(TokenSecret)
    }

    /// One that somebody came with; `None`: no token looks like that.
    pub fn read(text: &str) -> Option<TokenSecret> {
        read(MARK, text).map(TokenSecret)
    }

    /// What is kept of it.
    pub fn hash(&self) -> TokenHash {
        hash(&self.0)
    }

    /// Itself, to be shown once.
    pub fn show(&self) -> &str {
        self.0.expose_secret()
    }
}

/// What a mail has in it that asks whether an address wants to be told: `tlc_` and 256 random bits. It opens no server.
#[derive(Clone, Debug)]
pub struct ConfirmationSecret(SecretString);

/// What each begins with.
const CONFIRMS: &str = "tlc_";

impl ConfirmationSecret {
    /// A new one.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn draw() -> Result<ConfirmationSecret, NoRandomness> {
        draw(CONFIRMS).map(ConfirmationSecret)
    }

    /// One that somebody came with; `None`: none looks like that.
    pub fn read(text: &str) -> Option<ConfirmationSecret> {
        read(CONFIRMS, text).map(ConfirmationSecret)
    }

    /// What is kept of it.
    pub fn hash(&self) -> TokenHash {
        hash(&self.0)
    }

    /// Itself, to be mailed.
    pub fn show(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for ConfirmationSecret {
    fn eq(&self, other: &ConfirmationSecret) -> bool {
        self.hash().is(other.hash().as_bytes())
    }
}

fn draw(mark: &str) -> Result<SecretString, NoRandomness> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(NoRandomness)?;
    Ok(format!("{mark}{}", URL_SAFE_NO_PAD.encode(bytes)).into())
}

fn read(mark: &str, text: &str) -> Option<SecretString> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(mark)?).ok()?;
    (bytes.len() == BYTES).then(|| text.into())
}

fn hash(secret: &SecretString) -> TokenHash {
    TokenHash(Sha256::digest(secret.expose_secret().as_bytes()).into())
}

/// SHA-256 of a secret; compared in constant time.
#[derive(Clone, Copy, Debug)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Its bytes, to be kept.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether that is the same.
    pub fn is(&self, kept: &[u8; 32]) -> bool {
        self.0.ct_eq(kept).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_as_it_is_shown_and_hidden_elsewhere() {
        let secret = TokenSecret::draw().unwrap();
        assert_eq!(secret.show().len(), 46);
        let read = TokenSecret::read(secret.show()).unwrap();
        assert!(read.hash().is(secret.hash().as_bytes()));
        assert!(!TokenSecret::draw().unwrap().hash().is(secret.hash().as_bytes()));
        assert!(!format!("{secret:?}").contains(secret.show()));
        for wrong in ["", "tl_", "tl_AAAA", &secret.show()[3..], &format!("{} ", secret.show())] {
            assert!(TokenSecret::read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn what_confirms_opens_nothing_and_what_opens_confirms_nothing() {
        let (token, confirms) = (TokenSecret::draw().unwrap(), ConfirmationSecret::draw().unwrap());
        assert!(TokenSecret::read(confirms.show()).is_none());
        assert!(ConfirmationSecret::read(token.show()).is_none());
        assert_eq!(ConfirmationSecret::read(confirms.show()), Some(confirms.clone()));
        assert_ne!(ConfirmationSecret::draw().unwrap(), confirms);
        assert!(!format!("{confirms:?}").contains(&confirms.show()[4..]));
    }

    #[test]
    fn scopes_cover_what_is_below_them() {
        let covered = |scope: Scope| Scope::ALL.map(|needed| scope.covers(needed));
        assert_eq!(covered(Scope::Operator), [true; 6]);
        assert_eq!(covered(Scope::Admin), [false, true, true, true, true, true]);
        assert_eq!(covered(Scope::Analyst), [false, false, true, false, true, false]);
        assert_eq!(covered(Scope::Author), [false, false, false, true, true, false]);
        assert_eq!(covered(Scope::Reader), [false, false, false, false, true, false]);
        assert_eq!(covered(Scope::Ingest), [false, false, false, false, false, true]);
    }

    #[test]
    fn names_are_one_line() {
        assert!(is_name("ci") && is_name("Jürgens Laptop"));
        assert!(!is_name("") && !is_name(" ") && !is_name("a\nb") && !is_name(&"x".repeat(65)));
    }
}
