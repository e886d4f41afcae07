//! Machine code in files, so that a pack is compiled once.
//!
//! Whoever can write there runs code as us. So the folder and its files must be ours and nobody else's to write; they
//! are opened without following links, and looked at after they are opened.
//!
//! ```text
//!   <SHA-256 of module, wasmtime, settings>    32 bytes: SHA-256 of the rest │ the rest: machine code
//! ```

use std::collections::hash_map::RandomState;
use std::fs::{DirBuilder, File};
use std::hash::BuildHasher;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, open, openat, renameat, statat, unlinkat,
};
use rustix::process::geteuid;
use sha2::{Digest, Sha256};

/// Machine code is about three times its module; more than this is none of ours.
const ARTIFACT_BYTES: u64 = 256 * 1024 * 1024;
const DIGEST: usize = 32;
/// Bytes of all of them: who has many modules compiled does not fill the disk.
const CACHE_BYTES: u64 = 4 << 30;

/// A folder of machine code that is ours alone.
#[derive(Debug)]
pub struct Cache {
    folder: OwnedFd,
    path: PathBuf,
    most: u64,
}

/// Machine code as it was written, by its digest.
pub(crate) struct Artifact(Vec<u8>);

impl Artifact {
    /// The file's name: everything that the machine code depends on.
    pub(crate) fn name(module: &[u8; 32], compatibility: &[u8; 32]) -> String {
        let digest = Sha256::new().chain_update(module).chain_update(compatibility).finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(crate) fn code(&self) -> &[u8] {
        self.0.get(DIGEST..).unwrap_or_default()
    }
}

impl Cache {
    /// Opens the folder, and makes it if there is none, for us alone.
    pub fn open(path: impl Into<PathBuf>) -> Result<Cache, CacheError> {
        let path = path.into();
        let failed = |error: io::Error| CacheError::Io { path: path.clone(), error };
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(failed)?;
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = open(&path, flags, Mode::empty()).map_err(|error| failed(error.into()))?;
        let stat = fstat(&folder).map_err(|error| failed(error.into()))?;
        ours(&path, &stat, FileType::Directory)?;
        Ok(Cache { folder, path, most: CACHE_BYTES })
    }

    /// Keeps so many bytes; what was taken longest ago goes, and is compiled again when it is needed.
    pub fn holding(self, most: u64) -> Cache {
        Cache { most, ..self }
    }

    /// The machine code of this name; `None` if there is none, or if its file is torn.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Artifact>, CacheError> {
        let path = self.path.join(name);
        let failed = |error: io::Error| CacheError::Io { path: path.clone(), error };
        // Not blocking: somebody's pipe of that name is to be refused, not waited for.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat(&self.folder, name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            Err(error) => return Err(failed(error.into())),
        };
        let stat = fstat(&file).map_err(|error| failed(error.into()))?;
        ours(&path, &stat, FileType::RegularFile)?;
        let mut bytes = Vec::new();
        (&file).take(ARTIFACT_BYTES).read_to_end(&mut bytes).map_err(failed)?;
        let whole = bytes.split_at_checked(DIGEST).is_some_and(|(digest, code)| {
            let found: [u8; DIGEST] = Sha256::digest(code).into();
            found == digest
        });
        if whole {
            // What is taken stays longest. If that cannot be said, it goes sooner.
            let _ = file.set_modified(SystemTime::now());
        }
        Ok(whole.then_some(Artifact(bytes)))
    }

    /// Puts machine code there, whole or not at all.
    pub(crate) fn write(&self, name: &str, code: &[u8]) -> Result<(), CacheError> {
        let failed = |error: io::Error| CacheError::Io { path: self.path.join(name), error };
        // A name that no other process takes, even one with our process id in another container.
        let temporary = format!("{name}.{:016x}", RandomState::new().hash_one(name));
        let written = self
            .write_new(&temporary, code)
            .and_then(|()| Ok(renameat(&self.folder, temporary.as_str(), &self.folder, name)?));
        written.map_err(|error| {
            // It may not be there; and whether it goes or not, the write has failed.
            let _ = unlinkat(&self.folder, temporary.as_str(), AtFlags::empty());
            failed(error)
        })?;
        // It is there: that too much else is, too, is looked at again with the next.
        let _ = self.make_room();
        Ok(())
    }

    /// Lets go of what was taken longest ago, as long as there is too much.
    fn make_room(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in Dir::read_from(&self.folder)? {
            let entry = entry?;
            let stat = statat(&self.folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)?;
            if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
                files.push((
                    (stat.st_mtime, stat.st_mtime_nsec),
                    stat.st_size as u64,
                    entry.file_name().to_owned(),
                ));
            }
        }
        files.sort();
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        for (_, size, name) in files {
            if total <= self.most {
                break;
            }
            unlinkat(&self.folder, name.as_c_str(), AtFlags::empty())?;
            total -= size;
        }
        Ok(())
    }

    fn write_new(&self, name: &str, code: &[u8]) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&self.folder, name, flags, Mode::RUSR | Mode::WUSR)?);
        file.write_all(&Sha256::digest(code))?;
        file.write_all(code)
    }
}

/// Whether only we can have written this.
fn ours(path: &Path, stat: &Stat, expected: FileType) -> Result<(), CacheError> {
    let path = || path.to_owned();
    let found = FileType::from_raw_mode(stat.st_mode);
    if found != expected {
        return Err(CacheError::Type { path: path(), expected, found });
    }
    let us = geteuid().as_raw();
    if stat.st_uid != us {
        return Err(CacheError::Owner { path: path(), expected: us, found: stat.st_uid });
    }
    if stat.st_mode & 0o022 != 0 {
        return Err(CacheError::Writable { path: path(), mode: stat.st_mode & 0o777 });
    }
    Ok(())
}

/// Why machine code is not kept or not taken from a folder.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It cannot be read or written.
    #[error("{path:?}: {error}")]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// Something else stands there.
    #[error("expected {path:?} to be a {expected:?}, found a {found:?}")]
    Type {
        /// What.
        path: PathBuf,
        /// What it should be.
        expected: FileType,
        /// What it is.
        found: FileType,
    },
    /// It belongs to somebody else, who could put code there.
    #[error("expected {path:?} to belong to user {expected}, found user {found}")]
    Owner {
        /// What.
        path: PathBuf,
        /// Our number.
        expected: u32,
        /// Its owner's number.
        found: u32,
    },
    /// Others can write to it, and could put code there.
    #[error("expected {path:?} to be writable by its owner only, found mode {mode:03o}")]
    Writable {
        /// What.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A whole file that wasmtime does not take; its words. It is compiled and written again.
    #[error("machine code {name} is not taken: {reason}")]
    Stale {
        /// The file's name.
        name: String,
        /// Why.
        reason: String,
    },
}
