use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;

use tripline_abi::manifest::SettingsError;

use crate::commit::Tenant;
use crate::notices::AddressError;
use crate::signing::KeyError;

/// What is wrong with a configuration, and where in its file.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct ConfigurationError {
    /// What.
    pub problem: Problem,
    /// Where; `None`: in no file, or in the whole of it.
    pub place: Option<Box<Place>>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// What it says; what may be a secret is stars.
    pub text: String,
    /// Bytes of the text.
    pub span: Range<usize>,
}

impl Place {
    /// Its line and its character in that line, both from 1.
    pub fn line_and_column(&self) -> (usize, usize) {
        let before = self.text.get(..self.span.start).unwrap_or(&self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }
}

/// What can be wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Problem {
    #[error("{}: cannot read it: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{}: expected a configuration of user {user} or root, found one of user {owner}", path.display())]
    Stranger { path: PathBuf, user: u32, owner: u32 },
    #[error("{}: expected a configuration that only its owner can write, found mode {mode:04o}", path.display())]
    Writable { path: PathBuf, mode: u32 },
    #[error("{}: expected at most {most} bytes, found more", path.display())]
    Large { path: PathBuf, most: u64 },
    #[error("{}: expected UTF-8, found other bytes behind byte {at}", path.display())]
    Utf8 { path: PathBuf, at: usize },
    #[error("{0}")]
    Toml(String),
    #[error("there is no key `{key}` in {table}")]
    Key { table: String, key: String, nearest: Option<String>, known: Vec<String> },
    #[error("`{key}`: expected {expected}, found {found}")]
    Type { key: String, expected: &'static str, found: &'static str },
    #[error("`{key}`: expected {expected}, found `{found}`")]
    Value { key: String, expected: String, found: String },
    #[error("{table}: expected a key `{key}`, found none")]
    Missing { table: String, key: &'static str },
    #[error("`{key}`: expected where the secret is kept, found a text")]
    LiteralSecret { key: String },
    #[error("`{key}`: expected either `env` or `file`, found {found}")]
    Secret { key: String, found: &'static str },
    #[error("`{key}`: {error}")]
    Address { key: String, error: AddressError },
    #[error("`{key}`: expected a name of [recipients], found `{name}`")]
    Recipient { key: String, name: String, nearest: Option<String> },
    #[error("`{key}`: expected a recipient of tenant `{tenant}`, found `{name}` of `{owner}`")]
    OthersRecipient { key: String, name: String, tenant: Tenant, owner: Tenant },
    #[error("expected routes with different names, found a second `{0}`")]
    RouteTwice(String),
    #[error("`{key}`: expected a regular expression, found one that does not compile: {error}")]
    Regex { key: String, error: PatternError },
    #[error("{}: expected a glob, found {error}", path.display())]
    Glob { path: PathBuf, error: String },
    #[error("expected each file once, found {} a second time", .0.display())]
    PathTwice(PathBuf),
    #[error("{}: expected a file of one tenant, found `{tenant}` here and `{of}` at {}", path.display(), other.display())]
    Tenants { path: PathBuf, tenant: String, other: PathBuf, of: String },
    #[error("{address}/{transport}: expected an address that is free, found another listener at {other}")]
    ListenTwice { address: SocketAddr, other: SocketAddr, transport: &'static str },
    #[error("expected each source of a tenant once, found `{name}` of `{tenant}` a second time")]
    SourceTwice { name: String, tenant: String },
    #[error("`server.listen`: expected TLS on {0}, which others can reach, found none")]
    NoTls(SocketAddr),
    #[error("[server]: expected either `tls` or `plaintext = true`, found both")]
    TlsAndPlaintext,
    #[error("expected tables [packs.NAME] and nothing else, found `{0}`")]
    OnlyPacks(String),
    #[error("`{key}`: {error}")]
    Signer { key: String, error: KeyError },
    #[error("there is no pack `{name}`; there are {}", known.join(", "))]
    Pack { name: String, nearest: Option<String>, known: Vec<String> },
    #[error("pack `{pack}`: {error}")]
    Settings { pack: String, nearest: Option<String>, error: Box<SettingsError> },
}

/// Why a pattern cannot be used, without the pattern: it may hold what it is to blot out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum PatternError {
    #[error("{what} at its character {at}")]
    Syntax { what: String, at: usize },
    #[error("it is too large")]
    Large,
}

impl PatternError {
    /// Why this does not compile.
    pub(super) fn of(pattern: &str) -> PatternError {
        let parsed = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern);
        let (what, before) = match &parsed {
            Err(regex_syntax::Error::Parse(error)) => (error.kind().to_string(), error.span().start.offset),
            Err(regex_syntax::Error::Translate(error)) => {
                (error.kind().to_string(), error.span().start.offset)
            }
            _ => return PatternError::Large,
        };
        let at = pattern.get(..before).unwrap_or(pattern).chars().count() + 1;
        PatternError::Syntax { what, at }
    }
}

impl ConfigurationError {
    /// What to do about it, if anybody knows.
    pub fn hint(&self) -> Option<String> {
        match &self.problem {
            Problem::Stranger { path, .. } => Some(format!(
                "it could mail your incidents to somebody else; if that is meant, name it: --config {}",
                path.display()
            )),
            Problem::Writable { path, .. } => {
                let path = path.display();
                Some(format!("`chmod go-w {path}`, or name it to use it all the same: --config {path}"))
            }
            Problem::Key { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Problem::Key { known, .. } => Some(format!("it takes {}", known.join(", "))),
            Problem::LiteralSecret { .. } => Some(
                "write { env = \"NAME\" } for an environment variable or { file = \"PATH\" } for a file, and change \
                 the secret if others have seen this file"
                    .into(),
            ),
            Problem::Secret { .. } => Some("write { env = \"NAME\" } or { file = \"PATH\" }".into()),
            Problem::Recipient { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Problem::Recipient { .. } => Some("give the address a name in [recipients] and use that here".into()),
            Problem::OthersRecipient { tenant, .. } => Some(format!(
                "give {tenant} a recipient of its own in [recipients]: NAME = {{ address = \"…\", tenant = \"{tenant}\" }}"
            )),
            Problem::NoTls(_) => Some(
                "give it `tls = { certificate = \"PATH\", key = \"PATH\" }`, or `plaintext = true` behind a proxy that \
                 has TLS"
                    .into(),
            ),
            Problem::Pack { nearest: Some(nearest), .. } | Problem::Settings { nearest: Some(nearest), .. } => {
                Some(format!("did you mean `{nearest}`?"))
            }
            Problem::Signer { error: KeyError::Secret, .. } => {
                Some("make another with `tripline pack keygen`, and give its public key here".into())
            }
            Problem::Signer { .. } => {
                Some("`tripline pack keygen FILE` makes one, and shows its public key".into())
            }
            Problem::Pack { .. } => Some("a pack of your own is given with --pack PATH".into()),
            Problem::Settings { pack, error, .. } if let SettingsError::Missing { name } = &**error => {
                Some(format!("give it with --settings FILE.toml: `{name} = …` in a table [packs.{pack}]"))
            }
            _ => None,
        }
    }
}

impl From<Problem> for ConfigurationError {
    fn from(problem: Problem) -> ConfigurationError {
        ConfigurationError { problem, place: None }
    }
}
