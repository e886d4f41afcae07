//! A source's first lines, from which its format is found.

use crate::decode::{Decoder, Format};

/// So many lines that are not empty are enough.
const LINES: usize = 64;
/// So many bytes are enough.
const BYTES: usize = 64 * 1024;

/// A source's first bytes, kept until they show the format.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    bytes: Vec<u8>,
    /// Line feeds behind lines that are not empty.
    lines: usize,
}

impl Sample {
    /// Takes of the bytes what it needs and gives back the rest. What it takes does not depend on how bytes are cut.
    pub(super) fn push<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let mut taken = 0;
        while taken < bytes.len() && !self.is_full() {
            let part = &bytes[taken..bytes.len().min(taken + BYTES - self.bytes.len())];
            let end = memchr::memchr(b'\n', part).map_or(part.len(), |feed| feed + 1);
            self.bytes.extend_from_slice(&part[..end]);
            taken += end;
            let last = self.bytes.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
            self.lines += usize::from(last.is_some_and(|line| !matches!(line.last(), None | Some(b'\n'))));
        }
        &bytes[taken..]
    }

    pub(super) fn is_full(&self) -> bool {
        self.lines == LINES || self.bytes.len() == BYTES
    }

    /// Whether it has seen a whole line that is not empty.
    pub(super) fn has_line(&self) -> bool {
        self.lines > 0
    }

    /// Whether it has seen a line that is not empty.
    pub(super) fn is_telling(&self) -> bool {
        self.lines > 0 || !matches!(self.bytes.last(), None | Some(b'\n'))
    }

    /// What most lines look like. Empty and indented lines have no say: they continue others. Neither has a last
    /// line of which more may come, if there are others; at the file's end, `over`, it is whole.
    pub(super) fn format(&self, decoder: &Decoder, over: bool) -> Format {
        if let Some(format) = Format::of_start(&self.bytes) {
            return format;
        }
        let mut counts = [0; Format::ALL.len()];
        let whole = match memchr::memrchr(b'\n', &self.bytes) {
            Some(feed) if !over => &self.bytes[..feed],
            _ => &self.bytes[..],
        };
        for line in whole.split(|byte| *byte == b'\n') {
            if !matches!(line.first(), None | Some(b' ' | b'\t' | b'\r')) {
                let format = decoder.looks_like(line);
                counts[format as usize] += 1;
            }
        }
        let most = counts.iter().copied().max().unwrap_or(0);
        let first = Format::ALL.into_iter().find(|format| most > 0 && counts[*format as usize] == most);
        first.unwrap_or(Format::Plain)
    }

    /// The bytes it kept, given on; it is empty then.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.lines = 0;
        std::mem::take(&mut self.bytes)
    }
}
