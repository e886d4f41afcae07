//! Keys and signatures of packs.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cli::exit::Exit;
use crate::cli::{Failure, Screen, packs, signatures};
use crate::report::paint::GOOD;
use crate::signing::{PublicKey, SecretKey, SecretKeyError, Signature, Signed, Statement};

/// Makes a key: a secret file, and a public one beside it.
pub(super) fn keygen(path: &Path, screen: &Screen) -> Result<Exit, Failure> {
    let mut public = OsString::from(path);
    public.push(".pub");
    let public = PathBuf::from(public);
    let key = SecretKey::draw().map_err(Failure::new)?;
    key.write(path).map_err(|error| unusable(path, &error))?;
    let line = key.public();
    // Whoever has no public key beside it is shown it all the same.
    let written = OpenOptions::new().write(true).create_new(true).open(&public);
    let written = written.and_then(|mut file| writeln!(file, "{line}").and_then(|()| file.sync_all()));
    if let Err(error) = written {
        screen.warning(&format!("{}: cannot write the public key: {error}", public.display()));
    }
    screen.say(&format!("the secret key is in {}; its public key {}:", path.display(), line.id()));
    screen.put(|out| writeln!(out, "{line}"))?;
    Ok(Exit::Clean)
}

/// Signs a module.
pub(super) fn sign(
    path: &Path,
    key: &Path,
    output: Option<PathBuf>,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let pack = packs::read(path)?;
    let key = SecretKey::read(key).map_err(|error| unusable(key, &error))?;
    let signature = Signature::make(Statement::of(&pack), &key).map_err(Failure::new)?;
    let output = output.unwrap_or_else(|| signatures::beside(path));
    written(&output, &format!("{signature}\n"))
        .map_err(|error| Failure::new(format!("{}: cannot write it: {error}", output.display())))?;
    screen.put(|out| {
        writeln!(out, "{} by the key {}", signature.statement(), signature.key())?;
        writeln!(out, "{}", output.display())
    })?;
    Ok(Exit::Clean)
}

/// Tells whether a module is signed by one of these.
pub(super) fn verify(
    path: &Path,
    keys: &[PublicKey],
    signature: Option<PathBuf>,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let pack = packs::read(path)?;
    let signature = match signature {
        Some(signature) => Some(signatures::read(&signature).map_err(Failure::new)?),
        None => signatures::found(path).map_err(Failure::new)?,
    };
    let statement = Statement::of(&pack);
    match Signed::of(keys, signature.as_ref(), &statement) {
        Signed::By(key) => {
            screen.put(|out| writeln!(out, "{GOOD}signed{GOOD:#}: {statement} by the key {key}"))?;
            Ok(Exit::Clean)
        }
        Signed::Refused(why) => {
            screen.error(&format!("{}: {why}", path.display()));
            Ok(Exit::Found)
        }
        // There is at least one key.
        Signed::No | Signed::Unchecked(_) => Err(Failure::new("expected a public key, found none")),
    }
}

/// Either whole or not at all: whoever reads a signature meanwhile finds the one before.
fn written(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().permissions(mode()).tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// As any file that is no secret.
fn mode() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}

fn unusable(path: &Path, error: &SecretKeyError) -> Failure {
    let hint = match error {
        SecretKeyError::There => {
            Some("a new key needs a new name; who has the old one can still sign with it")
        }
        SecretKeyError::Open => {
            Some("`chmod 600` it, if nobody else can have read it; else make another key")
        }
        SecretKeyError::Other => Some("`tripline pack keygen FILE` makes one"),
        _ => None,
    };
    Failure::new(format!("{}: {error}", path.display())).hint(hint)
}
