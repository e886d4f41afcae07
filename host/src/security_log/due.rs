use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use memchr::memmem;

use super::chain::{self, Head, NOTHING, hex};
use super::{Record, SecurityLogError};

/// Bytes from the end in which lines are looked for: ten times what is written at once.
const TAIL: u64 = 4 * 1024 * 1024;
/// Bytes of a line; longer ones are none of ours.
pub(super) const LINE: u64 = 64 * 1024;

/// Lines that the database does not know to be written.
///
/// What they are follows from the database alone, to the byte: so a line that is found is the record, and one that
/// somebody else has added is not.
pub(super) struct Due(Vec<(String, Head)>);

impl Due {
    pub(super) fn new(records: &[Record], head: Option<Head>) -> Due {
        let mut prev = head.map_or(NOTHING, |head| head.hash);
        let line = |record: &Record| {
            let (line, head) = chain::line(record, &prev);
            prev = head.hash;
            (line + "\n", head)
        };
        Due(records.iter().map(line).collect())
    }

    /// The line of this record.
    pub(super) fn head(&self, seq: i64) -> Option<Head> {
        let at = self.0.binary_search_by_key(&seq, |(_, head)| head.seq).ok()?;
        self.0.get(at).map(|(_, head)| *head)
    }

    /// The record behind so many.
    pub(super) fn seq(&self, from: usize) -> Option<i64> {
        self.0.get(from).map(|(_, head)| head.seq)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn last(&self) -> Option<Head> {
        self.0.last().map(|(_, head)| *head)
    }

    /// The lines behind so many.
    pub(super) fn text(&self, from: usize) -> String {
        self.0.iter().skip(from).map(|(line, _)| line.as_str()).collect()
    }

    /// How many there are once those are counted that follow the first `found` ones here.
    pub(super) fn found(&self, text: &[u8], mut found: usize) -> usize {
        let mut at = 0;
        while let Some((line, _)) = self.0.get(found) {
            let Some(place) = memmem::find(&text[at..], line.as_bytes()) else { break };
            at += place + line.len();
            found += 1;
        }
        found
    }

    /// What a crash behind so many lines has left at the end of this.
    ///
    /// A killed program and a full disk leave the beginning of what was being written. A power cut leaves any part of
    /// it, with zeros where nothing arrived.
    pub(super) fn torn<'t>(&self, text: &'t [u8], found: usize, head: Option<Head>) -> Torn<'t> {
        let last = found.checked_sub(1).map_or(head, |last| self.0.get(last).map(|(_, head)| *head));
        let rest = &text[last.and_then(|last| end(text, last)).unwrap_or(0)..];
        let due = self.text(found);
        let arrived = |(byte, due): (&u8, &u8)| byte == due || *byte == 0;
        if rest.len() <= due.len() && rest.iter().zip(due.as_bytes()).all(arrived) {
            return if rest.is_empty() { Torn::No } else { Torn::Ours(rest) };
        }
        // Somebody else has written there, too.
        let rest = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        match rest {
            [] => Torn::No,
            rest if due.as_bytes().starts_with(rest) => Torn::Ours(rest),
            _ => Torn::Foreign,
        }
    }
}

/// The end of a file, behind its last line.
pub(super) enum Torn<'t> {
    No,
    /// Some of what is due.
    Ours(&'t [u8]),
    Foreign,
}

/// Where the line with this hash ends.
pub(super) fn end(text: &[u8], head: Head) -> Option<usize> {
    let line = format!("\"hash\":\"{}\"}}\n", hex(&head.hash));
    memmem::find(text, line.as_bytes()).map(|at| at + line.len())
}

/// The last line of such a log, whosever it is.
pub(super) fn last(text: &[u8]) -> Option<Head> {
    let mut lines = text.rsplit(|byte| *byte == b'\n');
    lines.find_map(|line| chain::link(line).filter(|link| link.holds).map(|link| link.head))
}

/// The first line of a file, if it is one of such a log.
pub(super) fn first(file: &mut File) -> io::Result<Option<Head>> {
    let mut start = Vec::new();
    file.rewind()?;
    file.take(LINE).read_to_end(&mut start)?;
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(chain::link(line).filter(|link| link.holds).map(|link| link.head))
}

/// The last bytes of a file.
pub(super) fn tail(file: &mut File) -> io::Result<Vec<u8>> {
    let mut tail = Vec::new();
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    file.read_to_end(&mut tail)?;
    Ok(tail)
}

/// The last bytes of what cannot be read from its end.
pub(super) fn tail_of(mut from: impl Read) -> io::Result<Vec<u8>> {
    let (mut tail, most) = (Vec::new(), TAIL as usize);
    while from.by_ref().take(TAIL).read_to_end(&mut tail)? > 0 {
        tail.drain(..tail.len().saturating_sub(most));
    }
    Ok(tail)
}

/// Takes torn lines back.
pub(super) fn take_back(file: &File, torn: &[u8]) -> io::Result<()> {
    file.set_len(file.metadata()?.len().saturating_sub(torn.len() as u64))?;
    file.sync_data()
}

/// A failure, as the log's.
pub(super) fn failed(
    path: &std::path::Path,
    doing: &'static str,
) -> impl Fn(io::Error) -> SecurityLogError + use<> {
    let path = path.to_path_buf();
    move |error| SecurityLogError::Io { path: path.clone(), doing, error }
}
