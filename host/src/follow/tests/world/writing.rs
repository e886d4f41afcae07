//! Who writes, and what is lost by what is done to files.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, UNIX_EPOCH};

use super::super::super::{Followed, lies_at};
use super::{World, packed};

impl World {
    pub(in super::super) fn append(&mut self, bytes: &[u8]) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path("")).unwrap();
        if self.alike && self.length() == 0 {
            file.write_all("=== the log begins ===\n".repeat(60).as_bytes()).unwrap();
        }
        file.write_all(bytes).unwrap();
        self.touch();
    }

    /// What the file system's clock would do, were the steps as far apart as the follower's clock says.
    pub(super) fn touch(&mut self) {
        self.touched += 1;
        let file = OpenOptions::new().append(true).open(self.path("")).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(self.touched)).unwrap();
    }

    pub(super) fn length(&self) -> u64 {
        fs::metadata(self.path("")).map_or(0, |found| found.len())
    }

    /// One more line, with text and an end.
    pub(in super::super) fn line(&mut self, filler: &[u8], end: &str) {
        let half = self.half.take();
        let id = half.unwrap_or(self.next);
        let mut bytes = if half.is_some() { b"!".to_vec() } else { format!("line {id} ").into_bytes() };
        // Two logs that begin alike are told apart by what lies before a byte: that is not alike, too.
        for piece in filler.chunks(500) {
            bytes.extend_from_slice(piece);
            bytes.extend_from_slice(
                if filler.len() > 8 { format!(" {id} ") } else { String::new() }.as_bytes(),
            );
        }
        bytes.extend_from_slice(end.as_bytes());
        self.append(&bytes);
        if half.is_none() {
            self.next += 1;
        }
        self.written.insert(id);
        self.fresh.insert(id);
    }

    /// What is not read by now of `app.log` is gone.
    pub(super) fn lose(&mut self) {
        self.lossy = true;
        let fresh = std::mem::take(&mut self.fresh);
        self.lost.extend(fresh.into_iter().filter(|id| !self.seen.contains_key(id)));
        self.lost.extend(self.half.take());
    }

    /// `app.log` loses its name: what is not read by now can be read only by who has it open.
    pub(super) fn unname(&mut self) {
        let found = fs::metadata(self.path("")).unwrap();
        let is_open = |followed: &Followed| followed.has_open(found.dev(), found.ino());
        if !self.followed.as_ref().is_some_and(is_open) {
            return self.lose();
        }
        // Half a line is whole when its file is over.
        if let Some(half) = self.half.take() {
            self.written.insert(half);
            self.nameless.insert(half);
        }
        self.nameless.append(&mut self.fresh);
        self.unnamed.insert((found.dev(), found.ino()));
    }

    /// Whoever has read of `app.log` has to tell that it was cut.
    pub(super) fn expect_told(&mut self) {
        let is_read = self.fresh.iter().any(|id| self.seen.contains_key(id));
        if is_read && self.followed.is_some() {
            self.untold.get_or_insert(self.told());
        }
    }

    /// `app.log` is cut, of which there is a copy. What came since then is lost, but for what was read.
    pub(super) fn finish_copy(&mut self) {
        let Some(copied) = self.copied.take() else { return };
        let has_grown = fs::metadata(self.path(".1")).is_ok_and(|copy| copy.len() < self.length());
        self.fresh.retain(|id| !copied.contains(id));
        self.lose();
        File::create(self.path("")).unwrap();
        self.touch();
        self.cut = lies_at(&self.path("")).filter(|_| has_grown).map(|place| (place, copied));
    }

    pub(super) fn shift(&mut self) {
        self.finish_packing();
        // None falls off the end: that would be lost whatever is done.
        for from in (1..50).rev() {
            for end in ["", ".gz"] {
                let _ = fs::rename(
                    self.path(&format!(".{from}{end}")),
                    self.path(&format!(".{}{end}", from + 1)),
                );
            }
        }
    }

    /// All of `app.log.1` is packed and the plain one gone.
    pub(super) fn finish_packing(&mut self) {
        if std::mem::take(&mut self.packing) {
            fs::write(self.path(".1.gz"), packed(&fs::read(self.path(".1")).unwrap())).unwrap();
            fs::remove_file(self.path(".1")).unwrap();
        }
    }
}
