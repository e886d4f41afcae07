//! Lines, events and blocks, from bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::decode::{Decoder, Format};

use super::join::Join;
use super::settings::AHEAD;
use super::years::Years;
use super::{Block, Line, LineSettings, Mark};

/// Bytes are taken in pieces of at most this, so that no more than this of an endless line is kept beyond its cut.
const PIECE: usize = 64 * 1024;
/// Block and line sizes are kept far from what a place of 32 bits can say.
const LARGEST: usize = 1 << 30;

/// No more room than this is taken before it is needed.
const LARGEST_ROOM: usize = 16 << 20;
/// So many blocks are kept for their memory.
const SPARES: usize = 4;

/// Builds blocks.
///
/// ```text
///   bytes   Jan 1 … ⏎  at foo ⏎ Jan 1 … ⏎ Jan 1 12:0
///           └lines        ┘     └held     └line_start └scanned
///                                                      end of what was pushed
/// ```
#[derive(Debug)]
pub(super) struct Builder {
    settings: LineSettings,
    decoder: Arc<Decoder>,
    years: Years,
    /// No line is later, if that is held to.
    until: Option<i64>,
    /// The block that is being built.
    bytes: Vec<u8>,
    lines: Vec<Line>,
    /// The event that the next line may join.
    held: Option<Held>,
    /// Where the block that is being built begins.
    from: Mark,
    /// Whether the format was found rather than given.
    found: bool,
    /// Where the unfinished line begins.
    line_start: usize,
    /// Up to where line feeds were looked for.
    scanned: usize,
    /// How many bytes of the unfinished line were left out, since it is too long already.
    left_out: u64,
    /// Where the unfinished line begins in its file.
    offset: u64,
    /// Its number in its file, from 1.
    number: u64,
    file: u32,
    done: VecDeque<Block>,
    /// Blocks that came back, for their memory.
    spare: Vec<Block>,
}

/// An event that is not over.
#[derive(Debug)]
struct Held {
    line: Line,
    join: Join,
    /// Where it can be known from that the event begins here.
    start: Start,
}

/// A line's start that needs no line before it.
#[derive(Clone, Copy, Debug)]
struct Start {
    offset: u64,
    line: u64,
    year: Option<(i16, u8, u8)>,
}

/// Whether lines of this format may go on with the next one.
fn joins(format: Format) -> bool {
    !matches!(format, Format::Json | Format::Finding)
}

impl Builder {
    pub(super) fn new(mut settings: LineSettings, decoder: Arc<Decoder>) -> Builder {
        settings.max_bytes = settings.max_bytes.clamp(1, LARGEST);
        settings.block_bytes = settings.block_bytes.clamp(1, LARGEST);
        let mut years = Years::new(settings.year, settings.reference, settings.timezone.clone());
        if settings.live {
            years.go_live();
        }
        let until = until(&settings, settings.reference);
        let (offset, number, file, left_out) = (0, 1, 0, 0);
        let (bytes, lines, held, line_start, scanned) = (Vec::new(), Vec::new(), None, 0, 0);
        let (done, spare) = (VecDeque::new(), Vec::new());
        settings.join &= joins(decoder.format());
        Builder {
            settings,
            decoder,
            years,
            until,
            bytes,
            lines,
            held,
            from: Mark::start(0),
            found: false,
            line_start,
            scanned,
            left_out,
            offset,
            number,
            file,
            done,
            spare,
        }
    }

    pub(super) fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// Sets what decodes the lines, before the first of them.
    pub(super) fn set_decoder(&mut self, decoder: Arc<Decoder>) {
        self.settings.join &= joins(decoder.format());
        self.decoder = decoder;
        self.found = true;
        self.from.format = self.format();
    }

    /// The format for whoever goes on, unless that is given to them, too.
    fn format(&self) -> Option<Format> {
        self.found.then(|| self.decoder.format())
    }

    /// Where what has not come out begins.
    pub(super) fn mark(&self) -> Mark {
        self.from
    }

    /// Goes on at a mark, before the file's first byte.
    pub(super) fn resume(&mut self, mark: &Mark) {
        (self.file, self.offset, self.number) = (mark.file, mark.offset, mark.line);
        if let Some(year) = mark.year {
            self.years.resume(year);
        }
        self.from = Mark { format: self.format(), year: self.years.mark(), ..*mark };
    }

    pub(super) fn set_reference(&mut self, reference: Option<i64>) {
        self.years.set_reference(reference);
        self.until = until(&self.settings, reference);
    }

    pub(super) fn go_live(&mut self) {
        self.years.go_live();
    }

    /// Goes over bytes of the file that belong to no line.
    pub(super) fn skip(&mut self, bytes: u64) {
        self.offset += bytes;
    }

    pub(super) fn next_block(&mut self) -> Option<Block> {
        self.done.pop_front()
    }

    /// Takes a block's memory for a next one.
    pub(super) fn reuse(&mut self, mut block: Block) {
        if self.spare.len() < SPARES {
            block.bytes.clear();
            block.lines.clear();
            self.spare.push(block);
        }
    }

    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        let largest = PIECE.min(self.settings.block_bytes);
        while !bytes.is_empty() {
            if self.left_out > 0 {
                let rest = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
                self.left_out += rest as u64;
                bytes = &bytes[rest..];
            }
            let (piece, rest) = bytes.split_at(bytes.len().min(largest));
            self.bytes.extend_from_slice(piece);
            self.scan();
            bytes = rest;
        }
    }

    /// Completes the lines whose line feeds have come.
    fn scan(&mut self) {
        while let Some(feed) = memchr::memchr(b'\n', &self.bytes[self.scanned..]) {
            let feed = self.scanned + feed;
            self.scanned = feed + 1;
            let line = &self.bytes[self.line_start..feed];
            let returned = self.left_out == 0 && line.last() == Some(&b'\r');
            self.complete(feed - usize::from(returned), feed + 1);
        }
        // One byte more than a line may have: it may be the carriage return of a line that fits.
        let most = self.line_start + self.settings.max_bytes + 1;
        self.left_out += self.bytes.len().saturating_sub(most) as u64;
        self.bytes.truncate(most);
        self.scanned = self.bytes.len();
    }

    /// The unfinished line ends at `end`, and the next begins at `next`.
    fn complete(&mut self, end: usize, next: usize) {
        let start = self.line_start;
        let most = start + self.settings.max_bytes;
        let cut = end > most || self.left_out > 0;
        let end = end.min(most);
        let (offset, number, file) = (self.offset, self.number, self.file);
        self.offset += (next - start) as u64 + self.left_out;
        self.number += 1;
        self.left_out = 0;
        self.line_start = next;
        if start == end {
            let start = self.next_line();
            return self.release(next, start, start.offset);
        }
        let (start, end) = (start as u32, end as u32);
        self.event(Line { start, end, offset, number, file, year: 0, cut });
    }

    /// The line joins the event before it, or is one.
    fn event(&mut self, mut line: Line) {
        let text = &self.bytes[line.start as usize..line.end as usize];
        let own = Start { offset: line.offset, line: line.number, year: self.years.mark() };
        let (join, start) = if !self.settings.join {
            (None, own)
        } else if let Some(Held { line: held, join, start }) = &mut self.held
            && join.takes(text, &self.decoder)
        {
            let bytes = (line.end - held.start) as usize;
            if join.lines <= self.settings.max_joined && bytes <= self.settings.max_bytes {
                (held.end, held.cut) = (line.end, held.cut | line.cut);
                return;
            }
            (Some(join.go_on()), *start)
        } else {
            (Some(Join::begin(text)), own)
        };
        line.year = self.years.of(text);
        let before = self.line_start;
        self.release(line.start as usize, start, line.offset);
        let moved = (before - self.line_start) as u32;
        (line.start, line.end) = (line.start - moved, line.end - moved);
        match join {
            Some(join) => self.held = Some(Held { line, join, start }),
            None => self.out(line),
        }
    }

    /// No line joins the held event any more. If the block is full, it ends at `end`, and what is behind moves down.
    fn release(&mut self, end: usize, start: Start, judged: u64) {
        if let Some(held) = self.held.take() {
            self.out(held.line);
        }
        if end >= self.settings.block_bytes {
            self.close(end, start, judged);
        }
    }

    /// The event comes out, unless it did before reading was broken off.
    fn out(&mut self, line: Line) {
        if line.offset >= self.from.judged {
            self.lines.push(line);
        }
    }

    /// The start of the unfinished line.
    fn next_line(&self) -> Start {
        Start { offset: self.offset, line: self.number, year: self.years.mark() }
    }

    /// The block ends at `end`. The next event begins at `judged` in the file, and is known from `start` on.
    fn close(&mut self, end: usize, start: Start, judged: u64) {
        self.line_start -= end;
        self.scanned -= end;
        let Start { offset, line, year } = start;
        let judged = judged.max(self.from.judged);
        let after = Mark { file: self.file, offset, line, judged, format: self.format(), year };
        let from = std::mem::replace(&mut self.from, after);
        if self.lines.is_empty() {
            self.bytes.drain(..end);
            if from != after {
                let (bytes, lines, decoder) = (Vec::new(), Vec::new(), self.decoder.clone());
                self.done.push_back(Block {
                    bytes,
                    lines,
                    decoder,
                    until: self.until,
                    received: None,
                    foot: None,
                    from,
                    after,
                });
            }
            return;
        }
        let mut block = self.spare.pop().unwrap_or_else(|| Block {
            bytes: Vec::with_capacity(self.settings.block_bytes.min(LARGEST_ROOM) + PIECE),
            lines: Vec::with_capacity(self.lines.len()),
            decoder: self.decoder.clone(),
            until: self.until,
            received: None,
            foot: None,
            from,
            after,
        });
        (block.from, block.after, block.until) = (from, after, self.until);
        (block.received, block.foot) = (None, None);
        block.bytes.extend_from_slice(&self.bytes[end..]);
        self.bytes.truncate(end);
        block.decoder = self.decoder.clone();
        std::mem::swap(&mut block.bytes, &mut self.bytes);
        std::mem::swap(&mut block.lines, &mut self.lines);
        self.done.push_back(block);
    }

    pub(super) fn end_of_file(&mut self) {
        if self.line_start < self.bytes.len() {
            let end = self.bytes.len();
            self.scanned = end;
            self.complete(end, end);
        }
        if let Some(held) = self.held.take() {
            self.out(held.line);
        }
        self.close(self.bytes.len(), self.next_line(), self.offset);
        self.next_file();
    }

    /// The unfinished line is dropped, and what was held is over.
    pub(super) fn break_off(&mut self) {
        if let Some(held) = self.held.take() {
            self.out(held.line);
        }
        self.close(self.line_start, self.next_line(), self.offset);
        self.bytes.clear();
        (self.line_start, self.scanned, self.left_out) = (0, 0, 0);
        self.next_file();
    }

    fn next_file(&mut self) {
        (self.offset, self.number) = (0, 1);
        self.file += 1;
        self.from = Mark { format: self.format(), year: self.years.mark(), ..Mark::start(self.file) };
    }

    /// The held event is over. The unfinished line stays.
    pub(super) fn quiet(&mut self) {
        if let Some(held) = self.held.take() {
            self.out(held.line);
        }
        self.close(self.line_start, self.next_line(), self.offset);
    }

    /// What no further byte can change comes out.
    pub(super) fn settle(&mut self) {
        if let Some(held) = self.held.take_if(|held| held.join.is_closed()) {
            self.out(held.line);
        }
        match self.held.take() {
            None => self.close(self.line_start, self.next_line(), self.offset),
            Some(mut held) => {
                let end = held.line.start;
                self.close(end as usize, held.start, held.line.offset);
                (held.line.start, held.line.end) = (0, held.line.end - end);
                self.held = Some(held);
            }
        }
    }
}

/// What no line of a file with this reference is later than, if that is held to.
fn until(settings: &LineSettings, reference: Option<i64>) -> Option<i64> {
    reference.filter(|_| settings.bounded).map(|reference| reference.saturating_add(AHEAD))
}
