//! The reader's thread: bytes of the sources become blocks of lines.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

use crossbeam_channel::Sender;
use tripline_engine::line::{Block, LineSettings, Lines};
use tripline_engine::pattern::Rarity;

use super::reader::{Piece, Reader};
use super::run::{Numbered, Progress, Scan};
use super::{CheckOptions, InputError, Source};

pub(super) struct Reading {
    sources: Vec<Option<(Reader, Lines)>>,
    read: Read,
    number: u64,
    disk_done: u64,
}

#[derive(Default)]
pub(super) struct Read {
    pub(super) bytes: u64,
    pub(super) errors: Vec<InputError>,
}

impl Reading {
    pub(super) fn new(options: &CheckOptions) -> Reading {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_nanos()).ok();
        let open = |source: &Source| {
            let settings = LineSettings {
                year: options.year,
                format: options.format,
                timezone: options.timezone.clone(),
                reference: source.files.first().map_or(now, |file| file.modified),
                ..LineSettings::default()
            };
            Some((Reader::new(source.clone()), Lines::new(settings)))
        };
        Reading {
            sources: options.sources.iter().map(open).collect(),
            read: Read::default(),
            number: 0,
            disk_done: 0,
        }
    }

    /// Reads a first piece, so that the index knows what is rare in these lines.
    pub(super) fn sample(&mut self, rarity: &mut Rarity) {
        let Some(Some((reader, lines))) = self.sources.first_mut() else { return };
        match reader.read() {
            Ok(Piece::Bytes(bytes)) => {
                rarity.learn(&bytes[..bytes.len().min(64 * 1024)]);
                self.read.bytes += bytes.len() as u64;
                lines.push(bytes);
            }
            Ok(_) => next_file(reader, lines),
            Err(error) => {
                self.read.errors.push(error);
                next_file(reader, lines);
            }
        }
    }

    pub(super) fn run(
        mut self,
        matchers: &Sender<Numbered<Block>>,
        collector: &Sender<Numbered<Scan>>,
        progress: &Progress,
        stop: &AtomicBool,
    ) -> Read {
        while let Some(source) = self.furthest_behind(progress) {
            let Some(Some((reader, lines))) = self.sources.get_mut(source) else { break };
            let mut ended = stop.load(Relaxed);
            // A block's worth at a time, so that choosing a source costs nothing.
            let mut block = lines.next_block();
            while block.is_none() && !ended {
                match reader.read() {
                    Ok(Piece::Bytes(bytes)) => {
                        self.read.bytes += bytes.len() as u64;
                        lines.push(bytes);
                        ended = stop.load(Relaxed);
                    }
                    Ok(Piece::EndOfFile) => next_file(reader, lines),
                    Ok(Piece::End) => ended = true,
                    Err(error) => {
                        self.read.errors.push(error);
                        next_file(reader, lines);
                    }
                }
                block = lines.next_block();
            }
            let disk = reader.disk_bytes();
            progress.disk.store(self.disk_done + disk, Relaxed);
            if ended && block.is_none() {
                lines.finish();
            }
            while let Some(what) = block.or_else(|| lines.next_block()) {
                block = None;
                progress.waiting[source].fetch_add(1, Relaxed);
                if matchers.send(Numbered { number: self.number, source: source as u32, what }).is_err() {
                    return self.read;
                }
                self.number += 1;
            }
            if ended {
                let end = Numbered { number: self.number, source: source as u32, what: Scan::End };
                if collector.send(end).is_err() {
                    return self.read;
                }
                self.number += 1;
                self.disk_done += disk;
                self.sources[source] = None;
            }
        }
        self.read
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

/// A file is at its end: what follows is of the next, with its own latest time.
fn next_file(reader: &Reader, lines: &mut Lines) {
    lines.end_of_file();
    if let Some(modified) = reader.modified() {
        lines.set_reference(Some(modified));
    }
}
