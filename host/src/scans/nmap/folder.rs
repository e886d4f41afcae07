//! A folder of nobody's: it has no name any more, so nothing is in it, nothing can be put there, and nothing is left of it.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags, open};

/// A folder that is gone, and still there for whoever works in it.
pub(super) struct Folder(File);

impl Folder {
    pub(super) fn new() -> io::Result<Folder> {
        let named = tempfile::Builder::new().prefix("tripline-scan-").tempdir()?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let held = open(named.path(), flags, Mode::empty())?;
        // Whoever is killed behind this leaves nothing.
        named.close()?;
        Ok(Folder(File::from(held)))
    }

    /// Where a child finds it that has been forked and has not become another program yet.
    pub(super) fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.0.as_raw_fd()).into()
    }
}
