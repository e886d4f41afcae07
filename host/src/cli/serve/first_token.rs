//! Who starts a server without a configuration finds an operator's token beside its database.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::super::Failure;
use super::super::kept::Kept;
use crate::store::Database;
use crate::token::{NewToken, Scope, TokenSecret};

/// Only the user whose server it is.
const MODE: u32 = 0o600;
/// Bytes that are read of a file: more than a token has.
const BYTES: u64 = 256;

/// Writes the operator's token into a file of mode 0600, once in a database's life; answers the file if it was now.
///
/// The file comes first: whoever is killed between file and database takes it over at the next start.
pub(super) fn write(kept: &Kept) -> Result<Option<PathBuf>, Failure> {
    let failed = |error| kept.failed(&error);
    if kept.database.has_tokens().map_err(failed)? {
        return Ok(None);
    }
    let path = path(&kept.database);
    let secret = secret(&path)?;
    let (tenant, name) = (kept.tenant.clone(), "first operator".into());
    let new = NewToken { tenant, name, scope: Scope::Operator, expires: None };
    let added = kept.database.add_first_token(new, secret.hash(), kept.actor()).map_err(failed)?;
    Ok(added.map(|_| path))
}

/// Beside the database, called as it is.
pub(super) fn path(database: &Database) -> PathBuf {
    database.path().with_extension("token")
}

fn secret(path: &Path) -> Result<TokenSecret, Failure> {
    let failed = |doing: &str, error: io::Error| {
        Failure::new(format!("{}: cannot {doing} the operator's token: {error}", path.display()))
    };
    let created = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path);
    match created {
        Ok(mut file) => {
            let secret = TokenSecret::draw().map_err(Failure::new)?;
            let written = writeln!(file, "{}", secret.show()).and_then(|()| file.sync_all());
            written.map_err(|error| failed("write", error))?;
            Ok(secret)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let file = OpenOptions::new()
                .read(true)
                .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32)
                .open(path)
                .map_err(|error| failed("read", error))?;
            left(path, &file).ok_or_else(|| strange(path))
        }
        Err(error) => Err(failed("write", error)),
    }
}

/// What a start that was killed has left. Nobody else may have laid it there.
fn left(path: &Path, file: &File) -> Option<TokenSecret> {
    let found = file.metadata().ok()?;
    let own = rustix::process::geteuid().as_raw();
    if !found.is_file() || found.uid() != own || found.mode() & 0o077 != 0 {
        return None;
    }
    let mut text = String::new();
    file.take(BYTES).read_to_string(&mut text).ok()?;
    if text.is_empty() {
        // Killed before anything was written: nobody can have read it.
        let secret = TokenSecret::draw().ok()?;
        let mut file = OpenOptions::new().write(true).truncate(true).open(path).ok()?;
        writeln!(file, "{}", secret.show()).and_then(|()| file.sync_all()).ok()?;
        return Some(secret);
    }
    TokenSecret::read(text.trim_end())
}

fn strange(path: &Path) -> Failure {
    let found = format!(
        "{}: expected no file or a token of this user alone (mode 0600), found something else",
        path.display()
    );
    Failure::new(found).hint(Some("move it away: the server writes the operator's token there"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn it_is_written_for_one_user_and_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tripline.token");
        let first = secret(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, MODE);
        assert_eq!(secret(&path).unwrap().show(), first.show());
        fs::write(&path, "").unwrap();
        let anew = secret(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap().trim_end(), anew.show());
    }

    #[test]
    fn what_others_may_have_laid_there_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tripline.token");
        let known = TokenSecret::draw().unwrap();
        fs::write(&path, known.show()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(secret(&path).is_err());
        let link = folder.path().join("link.token");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&path, &link).unwrap();
        assert!(secret(&link).is_err());
        fs::write(&path, "not a token").unwrap();
        assert!(secret(&path).is_err());
    }
}
