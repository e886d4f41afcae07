//! Where a source begins that was never followed before.

use std::io;
use std::path::Path;

use super::From;
use super::followed::Followed;
use super::lying::{Listed, Lying, lying, members};
use crate::check::{Keeping, identify};
use crate::commit::{Commit, FileIdentity, FilePosition, KnownSource, StoreError};
use crate::files::{InputProblem, OpenFiles, Present, name, open, recognise};

impl Followed {
    /// Keeps for all that is there where reading begins. Until that is in the store the source is new, whatever else of
    /// it is: whoever is killed before begins anew, and whoever is killed behind reads on.
    pub(super) fn begin(
        &mut self,
        known: &KnownSource,
        keeping: &Keeping,
        listed: &mut Listed,
    ) -> Result<(), StoreError> {
        let members = members(&self.stem, &self.adopted, &mut self.notes, listed);
        let lying = lying(members, &self.stem, &mut self.notes);
        let present: Vec<&Present> = lying.iter().map(|lying| &lying.present).collect();
        let mut positions = Vec::new();
        for (Lying { path, present, .. }, found) in
            lying.iter().zip(recognise(&present, &known.files, &OpenFiles::default()))
        {
            let begin = match self.settings.from {
                From::Start => Ok((0, 1)),
                From::End => end_of_lines(path, present),
            };
            let foot = begin.as_ref().ok().and_then(|(offset, _)| present.foot(*offset));
            match begin {
                Ok(begin) => {
                    let file = identify(keeping, known, present, &found, &name(path))?;
                    positions.push(FilePosition { foot, ..position(file, begin) });
                }
                Err(error) => {
                    self.notes.unread(path.clone(), InputProblem::Io { doing: "read it", error }, true);
                }
            }
        }
        if positions.is_empty() {
            // What comes is new, also after a kill. That nothing was there is kept as the position of no file.
            let nothing = FileIdentity {
                device: 0,
                inode: 0,
                head: [0; 32],
                head_length: 0,
                generation: 0,
                seal: None,
            };
            let before = known.files.iter().find(|file| file.identity == nothing).map(|file| file.number);
            let (tenant, name) = (&keeping.tenant, name(&self.stem));
            let file = keeping.store.file(tenant, known.number, before, &nothing, &name)?;
            positions.push(position(file, (0, 1)));
        }
        keeping.store.commit(&keeping.tenant, Commit { positions, ..Commit::default() })?;
        Ok(())
    }
}

fn position(file: u32, (offset, line): (u64, u64)) -> FilePosition {
    FilePosition { file, offset, line, judged: offset, format: None, year: None, latest: None, foot: None }
}

/// Where the last whole line of a file ends, and the number of the next.
fn end_of_lines(path: &Path, present: &Present) -> io::Result<(u64, u64)> {
    if let Some(bytes) = present.packed_bytes() {
        return Ok((bytes, 1));
    }
    let mut file = open(path)?;
    let mut buffer = vec![0; 256 * 1024];
    let (mut read, mut end, mut line) = (0_u64, 0, 1);
    loop {
        let count = io::Read::read(&mut file, &mut buffer)?;
        if count == 0 {
            return Ok((end, line));
        }
        let piece = &buffer[..count];
        line += memchr::memchr_iter(b'\n', piece).count() as u64;
        if let Some(last) = memchr::memrchr(b'\n', piece) {
            end = read + last as u64 + 1;
        }
        read += count as u64;
    }
}
