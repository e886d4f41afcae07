use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use secrecy::SecretString;

/// Where a secret is kept. The secret itself is never part of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretReference {
    /// In this environment variable.
    Env(String),
    /// In this file, with or without a line break behind it.
    File(PathBuf),
}

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum SecretError {
    #[error("expected a secret in ${name}, found no such variable")]
    Unset { name: String },
    #[error("{}: cannot read the secret: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("expected one line of UTF-8, 1 to 4096 bytes, found something else in {place}")]
    Shape { place: String },
}

impl SecretReference {
    /// The secret.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        self.read_with(|name| std::env::var_os(name))
    }

    /// As [`SecretReference::read`], with the environment handed in.
    pub fn read_with(
        &self,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<SecretString, SecretError> {
        const MOST: usize = 4096;
        let (mut bytes, place) = match self {
            SecretReference::Env(name) => {
                let value = variable(name).ok_or_else(|| SecretError::Unset { name: name.clone() })?;
                (value.into_encoded_bytes(), format!("${name}"))
            }
            SecretReference::File(path) => (file(path, MOST + 3)?, path.display().to_string()),
        };
        for end in [b'\n', b'\r'] {
            if bytes.last() == Some(&end) {
                bytes.pop();
            }
        }
        let text = String::from_utf8(bytes).ok();
        let fits = |text: &String| (1..=MOST).contains(&text.len()) && !text.contains(char::is_control);
        text.filter(fits).map(SecretString::from).ok_or(SecretError::Shape { place })
    }

    /// Whether users that have nothing to do with it can read the secret's file.
    pub fn is_public(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        match self {
            SecretReference::Env(_) => false,
            SecretReference::File(path) => path.metadata().is_ok_and(|file| file.mode() & 0o004 != 0),
        }
    }
}

fn file(path: &Path, most: usize) -> Result<Vec<u8>, SecretError> {
    let failed = |error| SecretError::Io { path: path.into(), error };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(most as u64).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
