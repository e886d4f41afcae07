//! The half of a key that signs: a file of one user alone, and nowhere else.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair};
use secrecy::zeroize::Zeroizing;

use super::key::{BYTES, PublicKey};

/// What each begins with, so that it is found where it should not be.
pub(super) const MARK: &str = "tripline-pack-secret-1:";
/// Only the user whose key it is.
const MODE: u32 = 0o600;
/// Bytes that are read of a file: more than a key has.
const MOST: u64 = 256;

/// What signs. Nothing shows it.
pub struct SecretKey {
    pair: Ed25519KeyPair,
    /// What the pair is made of.
    seed: Zeroizing<[u8; BYTES]>,
}

/// Why there is no secret key.
#[derive(Debug, thiserror::Error)]
pub enum SecretKeyError {
    /// The system has no randomness.
    #[error("expected random bytes of the system, found none: {0}")]
    Random(getrandom::Error),
    /// The file cannot be written or read.
    #[error("cannot {doing} the secret key: {error}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        error: io::Error,
    },
    /// There is a file of this name.
    #[error("expected no file there, found one: a secret key is never overwritten")]
    There,
    /// Others can read it, or have laid it there.
    #[error("expected a file of this user alone (mode 0600, no link), found another")]
    Open,
    /// It has something else in it.
    #[error("expected a secret key, `{MARK}` and 43 characters, found something else")]
    Other,
}

impl SecretKey {
    /// A new one.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn draw() -> Result<SecretKey, SecretKeyError> {
        let mut seed = Zeroizing::new([0; BYTES]);
        getrandom::fill(&mut *seed).map_err(SecretKeyError::Random)?;
        SecretKey::of(seed)
    }

    /// Writes it into a new file, which only this user can read.
    ///
    /// # Errors
    /// There is one of this name, or it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), SecretKeyError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => SecretKeyError::There,
            _ => SecretKeyError::Io { doing: "write", error },
        };
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(MODE).open(path).map_err(failed)?;
        let text = Zeroizing::new(format!("{MARK}{}\n", URL_SAFE_NO_PAD.encode(*self.seed)));
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
    }

    /// Reads the one that is in a file of this user alone.
    ///
    /// # Errors
    /// Others can read it, or it is none.
    pub fn read(path: &Path) -> Result<SecretKey, SecretKeyError> {
        let failed = |error: io::Error| match error.raw_os_error() {
            // A link.
            Some(number) if number == rustix::io::Errno::LOOP.raw_os_error() => SecretKeyError::Open,
            _ => SecretKeyError::Io { doing: "read", error },
        };
        // What is no file is not waited for.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let file = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path);
        let file = file.map_err(failed)?;
        if !is_own(&file).map_err(failed)? {
            return Err(SecretKeyError::Open);
        }
        let mut text = Zeroizing::new(String::new());
        file.take(MOST).read_to_string(&mut text).map_err(|_| SecretKeyError::Other)?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let bytes = line.strip_prefix(MARK).and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok());
        let bytes = Zeroizing::new(bytes.ok_or(SecretKeyError::Other)?);
        let seed: [u8; BYTES] = bytes[..].try_into().map_err(|_| SecretKeyError::Other)?;
        SecretKey::of(Zeroizing::new(seed))
    }

    /// Who it signs as.
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; BYTES];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey::of(bytes)
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.pair.sign(message).as_ref());
        bytes
    }

    fn of(seed: Zeroizing<[u8; BYTES]>) -> Result<SecretKey, SecretKeyError> {
        // Each 32 bytes are a key.
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).map_err(|_| SecretKeyError::Other)?;
        Ok(SecretKey { pair, seed })
    }

    #[cfg(test)]
    pub(super) fn from_seed(seed: [u8; BYTES]) -> SecretKey {
        SecretKey::of(Zeroizing::new(seed)).expect("each seed is a key")
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey of {}", self.public())
    }
}

fn is_own(file: &File) -> io::Result<bool> {
    let found = file.metadata()?;
    let own = rustix::process::geteuid().as_raw();
    Ok(found.is_file() && found.uid() == own && found.mode() & 0o077 == 0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn it_is_written_once_for_one_user_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = SecretKey::draw().unwrap();
        key.write(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, MODE);
        assert_eq!(SecretKey::read(&path).unwrap().public(), key.public());
        assert!(matches!(SecretKey::draw().unwrap().write(&path), Err(SecretKeyError::There)));
        assert_eq!(SecretKey::read(&path).unwrap().public(), key.public());
        // Nor through a link that leads nowhere yet.
        let link = folder.path().join("link");
        symlink(folder.path().join("elsewhere"), &link).unwrap();
        assert!(matches!(key.write(&link), Err(SecretKeyError::There)));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(MARK) && !format!("{key:?}").contains(text.trim_end()));
        assert_ne!(SecretKey::draw().unwrap().public(), key.public());
    }

    #[test]
    fn what_others_can_read_or_have_laid_there_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        SecretKey::draw().unwrap().write(&path).unwrap();
        for mode in [0o640, 0o604, 0o660, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(SecretKey::read(&path), Err(SecretKeyError::Open)), "{mode:o}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(SecretKey::read(&path).is_ok());
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(matches!(SecretKey::read(&link), Err(SecretKeyError::Open)));
        assert!(matches!(
            SecretKey::read(folder.path()),
            Err(SecretKeyError::Open | SecretKeyError::Io { .. })
        ));
        let missing = SecretKey::read(&folder.path().join("missing"));
        assert!(matches!(missing, Err(SecretKeyError::Io { .. })));
        for text in ["", "x", MARK, "tripline-pack-secret-1:AAAA", &"x".repeat(10_000)] {
            let path = folder.path().join("other");
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(MODE)).unwrap();
            assert!(matches!(SecretKey::read(&path), Err(SecretKeyError::Other)), "{text}");
        }
    }
}
