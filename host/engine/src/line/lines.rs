//! The lines of one source.

use std::io::{self, Read};
use std::sync::Arc;

use crate::decode::{Decoder, Format};

use super::builder::Builder;
use super::sample::Sample;
use super::{Block, LineSettings, Mark};

/// A byte order mark, which some systems put at a file's start; it belongs to no line.
const BOM: &[u8] = b"\xef\xbb\xbf";
/// Bytes that are read at once while the format is not found.
const FIRST: usize = 8 * 1024;

/// Turns the bytes of one source into blocks of lines.
///
/// Bytes go in by [`Lines::push`], in pieces of any size; what is done with them comes out by [`Lines::next_block`].
/// Memory is bounded by the block size and what one push brings: a line is never kept beyond its longest.
///
/// Lines end with a line feed; a carriage return before it is no part of the line, and the last line needs neither.
/// All other bytes are kept as they are. An empty line counts as a line number and is no event. Records of documents and
/// entries of a journal come out as lines, too, though they begin and end elsewhere.
#[derive(Debug)]
pub struct Lines {
    builder: Builder,
    /// The first lines, while the format is not found.
    sample: Option<Sample>,
    /// How many bytes of a byte order mark have come at the file's start; none, once that is settled.
    bom: Option<usize>,
}

impl Lines {
    /// The lines of a source, before its first byte.
    pub fn new(settings: LineSettings) -> Lines {
        let sample = if settings.format.is_none() { Some(Sample::default()) } else { None };
        let format = settings.format.unwrap_or(Format::Plain);
        let decoder = Decoder::new(format, settings.timezone.clone(), settings.format.is_some())
            .of_log(&settings.log_source);
        Lines { builder: Builder::new(settings, Arc::new(decoder)), sample, bom: Some(0) }
    }

    /// Takes the source's next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let rest = match self.bom {
            Some(length) => self.without_bom(bytes, length),
            None => bytes,
        };
        self.sampled(rest);
    }

    /// Takes the source's next bytes right from where they are read, which saves a copy of them. Reads once, and answers how
    /// many have come.
    ///
    /// # Errors
    /// What reading says; nothing has come then.
    pub fn read(&mut self, input: &mut (impl Read + ?Sized)) -> io::Result<usize> {
        if self.bom.is_none() && self.sample.is_none() {
            return self.builder.read(input);
        }
        let mut first = [0; FIRST];
        let length = input.read(&mut first)?.min(FIRST);
        self.push(&first[..length]);
        Ok(length)
    }

    /// The file is over: an unfinished last line is complete. What is pushed next belongs to the source's next file:
    /// line numbers and offsets start again. Of a rotated family the oldest file comes first.
    pub fn end_of_file(&mut self) {
        if let Some(length @ 1..) = self.bom {
            self.sampled(&BOM[..length]);
        }
        if self.sample.as_ref().is_some_and(|sample| sample.is_telling()) {
            self.found(true);
        }
        if let Some(sample) = &mut self.sample {
            self.builder.push(&sample.take());
        }
        self.builder.end_of_file();
        self.bom = Some(0);
    }

    /// The file cannot be read on: its whole lines come out, and the unfinished one is left for whoever reads it again.
    /// What is pushed next belongs to the source's next file.
    pub fn break_off(&mut self) {
        if self.sample.as_ref().is_some_and(Sample::has_line) {
            self.found(false);
        }
        if let Some(sample) = &mut self.sample {
            sample.take();
        }
        self.builder.break_off();
        self.bom = Some(0);
    }

    /// Goes on at a mark, whose byte is pushed next; only at a file's start, before its first byte.
    pub fn resume(&mut self, mark: &Mark) {
        if let (Some(_), Some(format)) = (&self.sample, &mark.format) {
            self.sample = None;
            self.decode_as(format.format);
        }
        self.bom = (mark.offset == 0).then_some(0);
        self.builder.resume(mark);
    }

    /// This is all there is by now: what no further byte can change comes out. The event that a next line may still
    /// join, and an unfinished line, stay for what is pushed next, or for [`Lines::finish`].
    pub fn settle(&mut self) {
        if self.sample.as_ref().is_some_and(Sample::has_line) {
            self.found(false);
        }
        if self.sample.is_none() {
            self.builder.settle();
        }
    }

    /// Nothing has come for a while: all whole lines come out, also the event that a next line might have joined, which
    /// then is an event of its own. An unfinished line stays.
    pub fn quiet(&mut self) {
        if self.sample.as_ref().is_some_and(Sample::has_line) {
            self.found(false);
        }
        if self.sample.is_none() {
            self.builder.quiet();
        }
    }

    /// What has come is whole, as a batch of lines is, and what comes next goes on with nothing of it: all comes out, but for
    /// a line without its line feed.
    pub fn end_of_batch(&mut self) {
        self.quiet();
        if self.sample.is_none() {
            self.builder.end_of_batch();
        }
    }

    /// Whether whole lines of this file have come whose columns nobody has named: nothing is known of what they say.
    pub fn lacks_columns(&self) -> bool {
        let decoder = self.builder.decoder();
        decoder.format() == Format::W3c && decoder.columns().is_none() && self.builder.has_come()
    }

    /// Where what has not come out begins.
    pub fn mark(&self) -> Mark {
        self.builder.mark()
    }

    /// The source is over: all that was pushed comes out.
    pub fn finish(&mut self) {
        self.end_of_file();
    }

    /// The next block of lines, if one is complete.
    pub fn next_block(&mut self) -> Option<Block> {
        self.builder.next_block()
    }

    /// Gives back a block that is done with, so that a next one needs no fresh memory: page faults cost more than the
    /// lines. Nothing else depends on it.
    pub fn reuse(&mut self, block: Block) {
        self.builder.reuse(block);
    }

    /// From here on, no line is more than a day later than this, in nanoseconds since 1970: for the next file of a
    /// family, or for a source that is followed as time goes on.
    pub fn set_reference(&mut self, reference: Option<i64>) {
        self.builder.set_reference(reference);
    }

    /// All that had come was read: from here on lines come as they are written, and the year of a stamp without one
    /// follows from the reference alone.
    pub fn go_live(&mut self) {
        self.builder.go_live();
    }

    /// Goes over a byte order mark, of which `length` bytes have come.
    fn without_bom<'a>(&mut self, bytes: &'a [u8], length: usize) -> &'a [u8] {
        let more = bytes.iter().zip(&BOM[length..]).take_while(|(byte, mark)| byte == mark).count();
        let length = length + more;
        let rest = &bytes[more..];
        if length == BOM.len() {
            self.builder.skip(length as u64);
            self.bom = None;
        } else if rest.is_empty() {
            self.bom = Some(length);
        } else {
            self.bom = None;
            self.sampled(&BOM[..length]);
        }
        rest
    }

    fn sampled(&mut self, mut bytes: &[u8]) {
        if let Some(sample) = &mut self.sample {
            bytes = sample.push(bytes);
            if !sample.is_full() {
                return;
            }
            self.found(false);
        }
        self.builder.push(bytes);
    }

    /// The sample shows the format; `over`: its last line is whole.
    fn found(&mut self, over: bool) {
        let Some(mut sample) = self.sample.take() else { return };
        self.decode_as(sample.format(self.builder.decoder(), over));
        self.builder.push(&sample.take());
    }

    fn decode_as(&mut self, format: Format) {
        let decoder = self.builder.decoder().clone().found(format);
        self.builder.set_decoder(Arc::new(decoder));
    }
}
