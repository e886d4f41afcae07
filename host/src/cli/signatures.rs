//! Signatures as files: `my.wasm.sig` beside `my.wasm`.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Failure;
use crate::signing::{PublicKey, Signature, SignatureError};

/// Why a signature's file is of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum SignatureFileError {
    #[error("{}: cannot read it: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{}: {error}", path.display())]
    Signature { path: PathBuf, error: SignatureError },
}

/// What the signature of a module is called.
pub(super) fn beside(module: &Path) -> PathBuf {
    let mut name = OsString::from(module);
    name.push(".sig");
    name.into()
}

/// Public keys of the command line. What is none is never shown: it may be a secret.
pub(super) fn keys(texts: &[String]) -> Result<Vec<PublicKey>, Failure> {
    let hint = "`tripline pack keygen FILE` makes one: FILE.pub has it";
    let wrong = |error| Failure::new(format!("--signed-by: {error}")).hint(Some(hint));
    texts.iter().map(|text| text.trim().parse::<PublicKey>().map_err(wrong)).collect()
}

/// Reads one.
pub(super) fn read(path: &Path) -> Result<Signature, SignatureFileError> {
    let failed = |error| SignatureFileError::Io { path: path.into(), error };
    let mut text = Vec::new();
    // One byte more than it may have, so that what has more is refused and never held whole.
    let most = Signature::MOST as u64 + 1;
    File::open(path).and_then(|file| file.take(most).read_to_end(&mut text)).map_err(failed)?;
    Signature::read(&text).map_err(|error| SignatureFileError::Signature { path: path.into(), error })
}

/// The one beside a module; `None`: there is none.
pub(super) fn found(module: &Path) -> Result<Option<Signature>, SignatureFileError> {
    match read(&beside(module)) {
        Ok(signature) => Ok(Some(signature)),
        Err(SignatureFileError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
