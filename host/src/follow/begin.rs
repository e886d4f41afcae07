//! Where a source begins that was never followed before.

use std::io;
use std::path::Path;

use tripline_engine::decode::{Format, Layout};
use tripline_engine::line::{LineSettings, Lines};

use super::From;
use super::followed::Followed;
use super::lying::{Listed, Lying, lying, members};
use crate::check::{Keeping, identify};
use crate::commit::{Commit, FileIdentity, FilePosition, KnownSource, StoreError};
use crate::files::{InputProblem, OpenFiles, Packing, Present, name, open, recognise};

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
        let mut begins = Vec::new();
        for lying in lying(members, &self.stem, &mut self.notes) {
            // What another tenant has read is read on, wherever the rest begins.
            if !self.is_others(&lying, keeping)? {
                begins.push(lying);
            }
        }
        let lying = begins;
        let present: Vec<&Present> = lying.iter().map(|lying| &lying.present).collect();
        let mut positions = Vec::new();
        for (Lying { path, present, .. }, found) in
            lying.iter().zip(recognise(&present, &known.files, &name(&self.stem), &OpenFiles::default()))
        {
            let begin = match self.settings.from {
                From::Start => Ok(Begin::default()),
                From::End => end_of_lines(path, present, &self.settings.lines),
            };
            let foot = begin.as_ref().ok().and_then(|begin| present.foot(begin.offset));
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
            positions.push(position(file, Begin::default()));
        }
        keeping.store.commit(&keeping.tenant, Commit { positions, ..Commit::default() })?;
        Ok(())
    }
}

/// Where reading begins.
struct Begin {
    offset: u64,
    line: u64,
    /// The columns that lines before it have named.
    format: Option<Layout>,
}

impl Default for Begin {
    /// At a file's start.
    fn default() -> Begin {
        Begin { offset: 0, line: 1, format: None }
    }
}

fn position(file: u32, Begin { offset, line, format }: Begin) -> FilePosition {
    FilePosition { file, offset, line, judged: offset, format, year: None, latest: None, foot: None }
}

/// Where the last whole line of a file ends, and the number of the next.
fn end_of_lines(path: &Path, present: &Present, settings: &LineSettings) -> io::Result<Begin> {
    if let Some(bytes) = present.packed_bytes() {
        return Ok(Begin { offset: bytes, ..Begin::default() });
    }
    let file = open(path)?;
    // One that does not say how long it is, is gone over.
    let packing = if present.is_packed() { Packing::of_file(&file)? } else { None };
    let mut file: Box<dyn io::Read> = match packing {
        Some(packing) => packing.unpack(file)?,
        None => Box::new(file),
    };
    let mut buffer = vec![0; 256 * 1024];
    let (mut read, mut end, mut line) = (0_u64, 0, 1);
    let mut columns: Option<Lines> = None;
    loop {
        let count = io::Read::read(&mut file, &mut buffer)?;
        if count == 0 {
            let format = columns.and_then(|mut lines| {
                lines.quiet();
                lines.mark().format
            });
            return Ok(Begin { offset: end, line, format });
        }
        let piece = &buffer[..count];
        // Without the columns that stand at its start, nobody knew what its next lines say.
        let format = Some(Format::W3c);
        if settings
            .format
            .map_or(read == 0 && Format::of_start(piece) == format, |given| Some(given) == format)
        {
            columns.get_or_insert_with(|| Lines::new(LineSettings { format, ..settings.clone() }));
        }
        if let Some(lines) = &mut columns {
            lines.push(piece);
            while let Some(block) = lines.next_block() {
                lines.reuse(block);
            }
        }
        line += memchr::memchr_iter(b'\n', piece).count() as u64;
        if let Some(last) = memchr::memrchr(b'\n', piece) {
            end = read + last as u64 + 1;
        }
        read += count as u64;
    }
}
