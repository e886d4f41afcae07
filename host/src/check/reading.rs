//! The reader's thread: bytes of the sources become blocks of lines.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam_channel::Sender;
use tripline_engine::line::{Block, LineSettings, Lines};
use tripline_engine::pattern::Rarity;

use super::passing::{Numbered, Progress, Scan};
use super::plan::Plan;
use super::spares::Spares;
use super::{CheckOptions, InputError, InputProblem, Source};
use crate::files::{Piece, Reader};

/// Bytes of a block: those that are on their way are to stay in a core's cache, and a thread is not to be woken too often.
const BLOCK: usize = 512 * 1024;
/// Bytes of lines that say what is rare in them.
const SAMPLE: usize = 256 * 1024;

pub(super) struct Reading {
    sources: Vec<Option<(Reader, Lines)>>,
    /// Which of them are standard input, on which lines may come for days.
    follows: Vec<bool>,
    /// Whether what is left at the end is told apart, since the next run goes on before it.
    settles: bool,
    stats: bool,
    read: Read,
    number: u64,
    disk_done: u64,
}

#[derive(Default)]
pub(super) struct Read {
    pub(super) bytes: u64,
    pub(super) errors: Vec<InputError>,
    /// What reading took, without waiting for whoever matches; zero if nobody asked.
    pub(super) time: Duration,
}

impl Reading {
    pub(super) fn new(options: &CheckOptions, plan: &Plan) -> Reading {
        let now = now();
        let defaults = LineSettings::default();
        let open = |source: &Source| {
            let settings = LineSettings {
                year: options.year,
                format: source.format.or(options.format),
                timezone: options.timezone.clone(),
                reference: source.files.first().map_or(now, |file| file.modified),
                // What is kept goes on from there in the next run.
                bounded: options.store.is_some(),
                block_bytes: options.store.as_ref().map_or(BLOCK, |store| store.block_bytes),
                ..defaults.clone()
            };
            let (reader, mut lines) = (Reader::new(source.clone()), Lines::new(settings));
            begin(&reader, &mut lines);
            Some((reader, lines))
        };
        Reading {
            sources: plan.sources.iter().map(open).collect(),
            follows: plan.sources.iter().map(Source::is_stdin).collect(),
            settles: options.store.is_some(),
            stats: options.stats,
            read: Read::default(),
            number: 0,
            disk_done: 0,
        }
    }

    /// Reads first pieces, so that the index knows what is rare in these lines. Of standard input the first read says whether it is
    /// packed, and the second has what has come: for more it would wait as long as lines drip in.
    pub(super) fn sample(&mut self, rarity: &mut Rarity) {
        let Some(Some((reader, lines))) = self.sources.first_mut() else { return };
        // Each brings a byte at least.
        let reads = if self.follows[0] { 2 } else { SAMPLE };
        let mut sample = vec![0; SAMPLE];
        let mut wanted = SAMPLE;
        for _ in 0..reads {
            match reader.read(|file| file.read(&mut sample)) {
                Ok(Piece::Bytes(0)) => return,
                Ok(Piece::Bytes(length)) => {
                    let bytes = &sample[..length];
                    let sample = &bytes[..length.min(wanted)];
                    rarity.learn(sample);
                    wanted -= sample.len();
                    self.read.bytes += length as u64;
                    lines.push(bytes);
                    if wanted == 0 {
                        return;
                    }
                }
                Ok(_) => {
                    self.read.errors.extend(no_columns(reader, lines));
                    return next_file(reader, lines, self.settles);
                }
                Err(error) => {
                    self.read.errors.push(error);
                    return give_up(reader, lines);
                }
            }
        }
    }

    pub(super) fn run(
        mut self,
        matchers: &Sender<Numbered<Block>>,
        collector: &Sender<Numbered<Scan>>,
        progress: &Progress,
        spares: &Spares,
        stop: &AtomicBool,
    ) -> Read {
        let mut tails = Vec::new();
        while let Some(source) = self.furthest_behind(progress) {
            let Some(Some((reader, lines))) = self.sources.get_mut(source) else { break };
            let is_stopped = || stop.load(Relaxed) || progress.halted.load(Relaxed);
            let mut ended = is_stopped();
            let mut over = false;
            let began = self.stats.then(Instant::now);
            // One for the one that is filled now: what a source holds no other can use.
            if let Some(block) = spares.block() {
                lines.reuse(block);
            }
            // A block's worth at a time, so that choosing a source costs nothing.
            let mut block = lines.next_block();
            while block.is_none() && !ended {
                if self.follows[source] {
                    // What comes is waited for a moment at most.
                    lines.set_reference(now());
                }
                match reader.read(|file| lines.read(file)) {
                    Ok(Piece::Bytes(length)) => {
                        self.read.bytes += length as u64;
                        ended = is_stopped();
                    }
                    Ok(Piece::EndOfFile) => {
                        self.read.errors.extend(no_columns(reader, lines));
                        next_file(reader, lines, self.settles);
                    }
                    Ok(Piece::End) => (ended, over) = (true, true),
                    Err(error) => {
                        self.read.errors.push(error);
                        give_up(reader, lines);
                    }
                }
                block = lines.next_block();
            }
            self.read.time += began.map_or(Duration::ZERO, |began| began.elapsed());
            let disk = reader.disk_bytes();
            progress.disk.store(self.disk_done + disk, Relaxed);
            match (ended && block.is_none(), self.settles) {
                (true, false) => lines.finish(),
                (true, true) if over => lines.settle(),
                _ => {}
            }
            while let Some(what) = block.or_else(|| lines.next_block()) {
                block = None;
                progress.waiting[source].fetch_add(1, Relaxed);
                if matchers.send(numbered(&mut self.number, source, what)).is_err() {
                    return self.read;
                }
            }
            if ended {
                let lines = self.sources[source].take().map(|(_, lines)| lines);
                self.disk_done += disk;
                let what = if over && self.settles { Scan::Settled } else { Scan::End };
                if collector.send(numbered(&mut self.number, source, what)).is_err() {
                    return self.read;
                }
                tails.extend(lines.filter(|_| over && self.settles).map(|lines| (source, lines)));
            }
        }
        // If one was stopped, none has a tail: the next run goes on before it.
        if tails.len() == self.sources.len() {
            self.tails(tails, matchers, collector, progress);
        }
        self.read
    }

    /// What is left of sources that have settled.
    fn tails(
        &mut self,
        tails: Vec<(usize, Lines)>,
        matchers: &Sender<Numbered<Block>>,
        collector: &Sender<Numbered<Scan>>,
        progress: &Progress,
    ) {
        for (source, mut lines) in tails {
            lines.finish();
            while let Some(what) = lines.next_block() {
                progress.waiting[source].fetch_add(1, Relaxed);
                if matchers.send(numbered(&mut self.number, source, what)).is_err() {
                    return;
                }
            }
            if collector.send(numbered(&mut self.number, source, Scan::End)).is_err() {
                return;
            }
        }
    }

    /// The source that merging waits for, as far as is known.
    fn furthest_behind(&self, progress: &Progress) -> Option<usize> {
        let open = (0..self.sources.len()).filter(|&source| self.sources[source].is_some());
        open.min_by_key(|&source| {
            let waiting = progress.waiting[source].load(Relaxed);
            (waiting > 8, progress.times[source].load(Relaxed), waiting)
        })
    }
}

/// Nanoseconds since 1970.
fn now() -> Option<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).ok()
}

/// The next in the order in which the collector is to see them.
fn numbered<T>(next: &mut u64, source: usize, what: T) -> Numbered<T> {
    let number = *next;
    *next += 1;
    Numbered { number, source: source as u32, what }
}

/// A file at whose end it is not known what its columns are: patterns had nothing to look at.
fn no_columns(reader: &Reader, lines: &Lines) -> Option<InputError> {
    lines.lacks_columns().then(|| reader.error(InputProblem::NoColumns))
}

/// A file is at its end: what follows is of the next, with its own latest time. The last one, if it `settles`, may grow.
fn next_file(reader: &Reader, lines: &mut Lines, settles: bool) {
    if settles && reader.is_last() {
        return;
    }
    lines.end_of_file();
    begin(reader, lines);
}

/// A file cannot be read on. Of the line that it broke off in, nothing is judged: the next run may see all of it.
fn give_up(reader: &Reader, lines: &mut Lines) {
    lines.break_off();
    begin(reader, lines);
}

/// The file that is read next begins where its mark says, if it has one.
fn begin(reader: &Reader, lines: &mut Lines) {
    if let Some(mark) = reader.mark() {
        lines.resume(mark);
    }
    if let Some(modified) = reader.modified() {
        lines.set_reference(Some(modified));
    }
}
