//! Lines, events and blocks, from bytes.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;

use crate::decode::{Columns, Decoder, Format, Layout, Within};

use super::framing::{Edge, Framing};
use super::held::{Held, Start};
use super::join::{Join, joins};
use super::room::Room;
use super::spares::Spares;
use super::years::Years;
use super::{Block, Line, LineSettings, Mark};

/// Bytes are taken in pieces of at most this, so that no more than this of an endless line is kept beyond its cut.
const PIECE: usize = 64 * 1024;
/// So much more than the block has room for is read, for its last line.
const REST: usize = 4 * 1024;
/// Block and line sizes are kept far from what a place of 32 bits can say.
const LARGEST: usize = 1 << 30;

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
    bytes: Room,
    lines: Vec<Line>,
    /// The event that the next line may join, or comes out before.
    held: Option<Held>,
    /// Where the block that is being built begins.
    from: Mark,
    /// Whether the format was found rather than given.
    found: bool,
    /// Where events end, if not where lines do.
    framing: Option<Framing>,
    /// Where in a document the unfinished line begins.
    within: Within,
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
    spares: Spares,
}

impl Builder {
    pub(super) fn new(mut settings: LineSettings, decoder: Arc<Decoder>) -> Builder {
        settings.max_bytes = settings.max_bytes.clamp(1, LARGEST);
        settings.block_bytes = settings.block_bytes.clamp(1, LARGEST);
        let mut years = Years::new(settings.year, settings.reference, settings.timezone.clone());
        if settings.live {
            years.go_live();
        }
        let until = settings.until(settings.reference);
        settings.join &= joins(decoder.format());
        Builder {
            framing: Framing::of(decoder.format()),
            spares: Spares::new(settings.block_bytes),
            settings,
            decoder,
            years,
            until,
            bytes: Room::default(),
            lines: Vec::new(),
            held: None,
            from: Mark::start(0),
            found: false,
            within: Within::Nothing,
            line_start: 0,
            scanned: 0,
            left_out: 0,
            offset: 0,
            number: 1,
            file: 0,
            done: VecDeque::new(),
        }
    }

    pub(super) fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// Sets what decodes the lines, before the first of them.
    pub(super) fn set_decoder(&mut self, decoder: Arc<Decoder>) {
        self.settings.join &= joins(decoder.format());
        self.framing = Framing::of(decoder.format());
        self.decoder = decoder;
        self.found = true;
        self.from.format = self.layout(self.within);
    }

    /// What whoever goes on there must know, unless it is the format alone and is given to them, too.
    fn layout(&self, within: Within) -> Option<Layout> {
        let columns = self.decoder.columns().cloned();
        let is_telling = self.found || columns.is_some() || within != Within::Nothing;
        is_telling.then(|| Layout { format: self.decoder.format(), columns, within })
    }

    /// Whether a whole line of the file has come.
    pub(super) fn has_come(&self) -> bool {
        self.offset > 0
    }

    /// Where what has not come out begins.
    pub(super) fn mark(&self) -> Mark {
        self.from.clone()
    }

    /// Goes on at a mark, before the file's first byte.
    pub(super) fn resume(&mut self, mark: &Mark) {
        (self.file, self.offset, self.number) = (mark.file, mark.offset, mark.line);
        if let Some(year) = mark.year {
            self.years.resume(year);
        }
        if let Some(Layout { format, columns, within }) = &mark.format
            && *format == self.decoder.format()
        {
            self.decoder = Arc::new((*self.decoder).clone().of_columns(columns.clone()));
            // What is known of the file before says nothing of where a next one begins.
            if mark.offset > 0
                && let Some(framing) = &mut self.framing
            {
                framing.resume(*within);
                self.within = *within;
            }
        }
        self.from = Mark { format: self.layout(self.within), year: self.years.mark(), ..mark.clone() };
    }

    pub(super) fn set_reference(&mut self, reference: Option<i64>) {
        self.years.set_reference(reference);
        self.until = self.settings.until(reference);
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
    pub(super) fn reuse(&mut self, block: Block) {
        self.spares.take(block);
    }

    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        let largest = PIECE.min(self.settings.block_bytes);
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(bytes.len().min(largest));
            self.bytes.push(piece);
            self.scan();
            bytes = rest;
        }
    }

    /// Reads once, right into the block; how many bytes have come.
    pub(super) fn read(&mut self, input: &mut (impl Read + ?Sized)) -> io::Result<usize> {
        let largest = PIECE.min(self.settings.block_bytes);
        // What is behind the block's end moves to the next.
        let left = self.settings.block_bytes.saturating_sub(self.bytes.len());
        let most = if left == 0 { largest } else { largest.min(left + REST) };
        let length = self.bytes.read(input, most)?;
        self.scan();
        Ok(length)
    }

    /// Completes the lines whose ends have come.
    fn scan(&mut self) {
        if self.framing.is_none() {
            self.leave_out();
            self.feeds();
        }
        while let Some(framing) = &mut self.framing
            && let Some(edge) = framing.next(&self.bytes, self.scanned)
        {
            self.edge(edge);
        }
        // One byte more than a line may have: it may be the carriage return of a line that fits.
        let most = self.line_start + self.settings.max_bytes + 1;
        self.left_out += self.bytes.len().saturating_sub(most) as u64;
        self.bytes.truncate(most);
        self.scanned = self.bytes.len();
    }

    /// Leaves out what has come of a line that is too long already.
    fn leave_out(&mut self) {
        if self.left_out > 0 {
            let came = &self.bytes[self.scanned..];
            let rest = memchr::memchr(b'\n', came).unwrap_or(came.len());
            self.left_out += rest as u64;
            self.bytes.remove(self.scanned, self.scanned + rest);
        }
    }

    /// Completes the lines up to each feed that has come.
    fn feeds(&mut self) {
        let mut at = self.scanned;
        while let Some(feed) = memchr::memchr(b'\n', &self.bytes[at..]) {
            let feed = at + feed;
            if self.usual(feed) {
                at = feed + 1;
            } else {
                self.scanned = feed + 1;
                let line = &self.bytes[self.line_start..feed];
                let returned = self.left_out == 0 && line.last() == Some(&b'\r');
                self.complete(feed - usize::from(returned), feed + 1, 1, Within::Nothing);
                // A block that closes takes bytes from the start.
                at = self.scanned;
            }
        }
    }

    /// What [`Builder::complete`] comes to for most lines, if the one up to this feed is such a line: all of it is there, it
    /// begins as none does that joins another or names columns, and neither block nor year ends with it.
    #[inline]
    fn usual(&mut self, feed: usize) -> bool {
        let start = self.line_start;
        let line = &self.bytes[start..feed];
        let (Some(held), Some(year)) = (&mut self.held, self.years.at_once(line)) else { return false };
        // Where some of a line was left out, there still is more than it may have.
        if line.len() > self.settings.max_bytes || start >= self.settings.block_bytes || held.is_indented() {
            return false;
        }
        if held.line.offset >= self.from.judged {
            self.lines.push(held.line);
        }
        let end = feed - usize::from(line.last() == Some(&b'\r'));
        let (offset, number, file) = (self.offset, self.number, self.file);
        let line = Line { start: start as u32, end: end as u32, offset, number, file, year, cut: false };
        *held = Held { line, join: None, start: None };
        self.offset += (feed + 1 - start) as u64;
        self.number += 1;
        self.line_start = feed + 1;
        true
    }

    /// What came before an edge is an event, or nothing.
    fn edge(&mut self, Edge { end, next }: Edge) {
        self.scanned = next;
        let (feeds, within) = self.framing.as_mut().map_or((1, Within::Nothing), Framing::take_passed);
        self.complete(end.unwrap_or(self.line_start), next, feeds, within);
    }

    /// The unfinished line ends at `end`, and the next begins at `next`, behind so many line feeds.
    fn complete(&mut self, end: usize, mut next: usize, feeds: u64, within: Within) {
        let most = self.line_start + self.settings.max_bytes;
        let cut = end > most || self.left_out > 0;
        let mut end = end.min(most);
        if self.decoder.format() == Format::W3c
            && let Some(columns) = self.columns_of(end, cut)
        {
            // The line that names them is the first of a block, and is read again by whoever goes on there.
            let before = self.line_start;
            self.quiet();
            (end, next) = (end - before, next - before);
            self.decoder = Arc::new((*self.decoder).clone().of_columns(columns.map(Arc::new)));
        }
        let start = self.line_start;
        let (offset, number, file) = (self.offset, self.number, self.file);
        let own = self.next_line();
        self.offset += (next - start) as u64 + self.left_out;
        self.number += feeds;
        self.within = within;
        self.left_out = 0;
        self.line_start = next;
        if start == end {
            let start = self.next_line();
            self.release(next, start, start.offset);
            return;
        }
        let (start, end) = (start as u32, end as u32);
        self.event(Line { start, end, offset, number, file, year: 0, cut }, own);
    }

    /// The columns that the unfinished line names, which ends at `end`, if they are others than before.
    fn columns_of(&self, end: usize, cut: bool) -> Option<Option<Columns>> {
        // What is left of a line that was cut names some of them, and not all.
        let columns = Columns::directive(&self.bytes[self.line_start..end])?.filter(|_| !cut);
        (columns.as_ref() != self.decoder.columns().map(|columns| &**columns)).then_some(columns)
    }

    /// The line joins the event before it, or is one.
    fn event(&mut self, mut line: Line, own: Start) {
        let text = &self.bytes[line.start as usize..line.end as usize];
        let (mut join, mut start) = (None, own);
        if let Some(held) = self.held.as_mut().filter(|_| self.settings.join)
            && held.join(&self.bytes).takes(text, &self.decoder)
        {
            if held.extend(&line, &self.settings) {
                return;
            }
            (join, start) = (held.join.map(Join::go_on), held.start(&self.years));
        }
        line.year = self.years.of(text);
        let moved = self.release(line.start as usize, start, line.offset) as u32;
        (line.start, line.end) = (line.start - moved, line.end - moved);
        self.held = Some(Held { line, join, start: Some(start) });
    }

    /// No line joins the held event any more. If the block is full, it ends at `end`, and what is behind moves down: by how
    /// much.
    fn release(&mut self, end: usize, start: Start, judged: u64) -> usize {
        self.let_go();
        if end < self.settings.block_bytes {
            return 0;
        }
        self.close(end, start, judged);
        end
    }

    /// The held event comes out, unless it did before reading was broken off.
    fn let_go(&mut self) {
        if let Some(Held { line, .. }) = self.held.take()
            && line.offset >= self.from.judged
        {
            self.lines.push(line);
        }
    }

    /// The start of the unfinished line.
    fn next_line(&self) -> Start {
        let (offset, line, within) = (self.offset, self.number, self.within);
        Start { offset, line, year: self.years.mark(), within }
    }

    /// The block ends at `end`. The next event begins at `judged` in the file, and is known from `start` on.
    fn close(&mut self, end: usize, start: Start, judged: u64) {
        self.line_start -= end;
        self.scanned -= end;
        let Start { offset, line, year, within } = start;
        let judged = judged.max(self.from.judged);
        let after = Mark { file: self.file, offset, line, judged, format: self.layout(within), year };
        let from = std::mem::replace(&mut self.from, after.clone());
        let (bytes, lines) = if self.lines.is_empty() {
            self.bytes.remove(0, end);
            if from == after {
                return;
            }
            (Vec::new(), Vec::new())
        } else {
            self.spares.split(&mut self.bytes, &mut self.lines, end, PIECE)
        };
        let (decoder, until) = (self.decoder.clone(), self.until);
        self.done.push_back(Block { bytes, lines, decoder, until, received: None, foot: None, from, after });
    }

    pub(super) fn end_of_file(&mut self) {
        if self.line_start < self.bytes.len() {
            let end = self.bytes.len();
            let edge = self.framing.as_mut().map(|framing| framing.finish(&self.bytes));
            self.edge(edge.unwrap_or(Edge { end: Some(end), next: end }));
        }
        self.let_go();
        self.close(self.bytes.len(), self.next_line(), self.offset);
        self.next_file();
    }

    /// The unfinished line is dropped, and what was held is over.
    pub(super) fn break_off(&mut self) {
        self.quiet();
        self.bytes.truncate(0);
        (self.line_start, self.scanned, self.left_out) = (0, 0, 0);
        self.next_file();
    }

    fn next_file(&mut self) {
        (self.offset, self.number, self.within) = (0, 1, Within::Nothing);
        if let Some(framing) = &mut self.framing {
            framing.resume(Within::Nothing);
        }
        self.file += 1;
        self.from =
            Mark { format: self.layout(self.within), year: self.years.mark(), ..Mark::start(self.file) };
    }

    /// The held event is over. The unfinished line stays.
    pub(super) fn quiet(&mut self) {
        self.let_go();
        self.close(self.line_start, self.next_line(), self.offset);
    }

    /// An unfinished record or entry is over, and so is what it is in. An unfinished line stays.
    pub(super) fn end_of_batch(&mut self) {
        let Some(framing) = &mut self.framing else { return };
        let edge = framing.finish(&self.bytes);
        self.edge(edge);
        self.quiet();
    }

    /// What no further byte can change comes out.
    pub(super) fn settle(&mut self) {
        match self.held.take_if(|held| self.settings.join && !held.join(&self.bytes).is_closed()) {
            None => self.quiet(),
            Some(mut held) => {
                let end = held.line.start;
                self.close(end as usize, held.start(&self.years), held.line.offset);
                (held.line.start, held.line.end) = (0, held.line.end - end);
                self.held = Some(held);
            }
        }
    }
}
