//! The log's older files. A rotation between a crash and the next start takes the lines that the database was not told
//! of out of the log's own file:
//!
//! ```text
//!   security.log    …5 6 7 ┐ crash; the database knows 5       security.log      (empty)
//!                          └── rotation, rename or copy ──►    security.log.1    …5 6 7
//! ```
//!
//! Files are looked for where rotation puts them by default: in the same folder, with a name that begins with the
//! log's. A log that is rotated into another folder in this very moment has its last lines twice, which `log verify`
//! shows; no record is lost.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use flate2::bufread::MultiGzDecoder;
use rustix::fs::{FlockOperation, OFlags, flock};

use super::due::{self, Due, Torn};
use super::{Head, SecurityLogError};

/// Files looked at, the youngest ones.
const FILES: usize = 16;
/// Bytes unpacked of each: what is in a larger one was written long before the crash.
const UNPACKED: u64 = 256 * 1024 * 1024;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// How many of the lines that are due are in older files; one that was torn there is taken back.
pub(super) fn found(log: &Path, due: &Due, head: Option<Head>) -> Result<usize, SecurityLogError> {
    let (mut found, mut ends) = (0, Vec::new());
    for path in beside(log) {
        let Ok(mut file) = open(&path, false) else { continue };
        // Whoever still writes it has not followed the rotation yet.
        if flock(&file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK) {
            return Err(SecurityLogError::Held { path });
        }
        // What cannot be read, as half a packed file, has nothing to say.
        let Ok((text, packed)) = read(&mut file) else { continue };
        found = due.found(&text, found);
        // Open, and so locked, until all is done.
        ends.push((path, file, text, packed));
    }
    for (path, _locked, text, _) in ends.into_iter().filter(|(.., packed)| !packed) {
        if let Torn::Ours(torn) = due.torn(&text, found, head) {
            // Nothing but zeros may be anybody's file.
            if torn.len() == text.len() && torn.first() == Some(&0) {
                continue;
            }
            let taken = open(&path, true).and_then(|file| due::take_back(&file, torn));
            taken.map_err(due::failed(&path, "take a torn line back"))?;
        }
    }
    Ok(found)
}

/// The last line of a log, also if it was rotated away.
pub(crate) fn last(log: &Path) -> Option<Head> {
    let older = beside(log).into_iter().rev();
    let mut files = std::iter::once(log.to_path_buf()).chain(older);
    files.find_map(|path| due::last(&read(&mut open(&path, false).ok()?).ok()?.0))
}

/// The log's older files, the oldest first.
fn beside(log: &Path) -> Vec<PathBuf> {
    let Some(name) = log.file_name() else { return Vec::new() };
    let folder = log.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_older = |entry: &fs::DirEntry| {
        let other = entry.file_name();
        other.as_bytes().strip_prefix(name.as_bytes()).is_some_and(|end| matches!(end, [b'.' | b'-', _, ..]))
    };
    let mut files: Vec<(SystemTime, PathBuf)> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(is_older)
        .filter_map(|entry| {
            let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((about.modified().ok()?, entry.path()))
        })
        .collect();
    files.sort();
    files.drain(..files.len().saturating_sub(FILES));
    files.into_iter().map(|(_, path)| path).collect()
}

fn open(path: &Path, write: bool) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
    OpenOptions::new().read(true).write(write).custom_flags(flags).open(path)
}

/// The end of a file, and whether it is packed.
fn read(file: &mut File) -> io::Result<(Vec<u8>, bool)> {
    let text = due::tail(file)?;
    let mut magic = [0; 2];
    let packed = std::os::unix::fs::FileExt::read_at(file, &mut magic, 0)? == 2 && magic == GZIP;
    if !packed {
        return Ok((text, false));
    }
    io::Seek::rewind(file)?;
    Ok((due::tail_of(MultiGzDecoder::new(BufReader::new(file)).take(UNPACKED))?, true))
}
