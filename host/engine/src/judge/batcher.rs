//! From matched events to the bytes that one pack is handed.

use std::time::Duration;

use tripline_abi::manifest::Manifest;
use tripline_abi::{BATCH_BYTES, BatchWriter, EventHead, LogSource, Span};

use crate::event::Place;
use crate::id::{Position, tick_id};
use crate::matcher::{MatchedEvent, Seen, SourceNames};

/// How much goes into one batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchLimits {
    /// Bytes; one larger event travels alone.
    pub bytes: usize,
    /// Entries.
    pub entries: u32,
    /// CPU time that a batch is to take about: a pack that takes longer gets smaller ones. For whoever shares a thread with
    /// others, who wait for the batch that is judged; `None`: nobody waits.
    pub turn: Option<Duration>,
}

impl Default for BatchLimits {
    fn default() -> Self {
        BatchLimits { bytes: BATCH_BYTES, entries: u32::MAX, turn: None }
    }
}

/// An event on its way to a pack.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    /// Where it stands.
    pub position: Position,
    /// When it came in.
    pub received: Option<i64>,
    /// Its line; empty if it has none.
    pub line: &'a [u8],
    /// Whether the line was cut.
    pub cut: bool,
    /// What was matched.
    pub event: MatchedEvent<'a>,
    /// The pack's own matches.
    pub matches: &'a [Seen],
}

/// Of an event without its texts: the entry, a log source, and padding of the sections.
const OVERHEAD: usize = 88 + 32 + 32 + 48;
/// Log sources of a block that are not looked for in the batch each time.
const SOURCES: usize = 16;
const UNKNOWN: u32 = u32::MAX;
/// No name of a log source that is known beforehand has more bytes.
const KNOWN_NAME: usize = 64;

pub(super) struct Batcher {
    writer: BatchWriter,
    limits: BatchLimits,
    /// Entries that a turn has time for, as far as that is known.
    fit: u32,
    raw: bool,
    fields: Vec<String>,
    /// The block of which the last event is, and what the batch calls the first of the block's log sources.
    sources: (u64, [u32; SOURCES]),
    /// For each pattern the text it looks at: 1 the message, 2+n field n.
    texts: Vec<u32>,
    /// For each text where it begins in the line of the event that was pushed last, if it is a part of that.
    starts: Vec<Option<u32>>,
    /// Places of that event's captures in its line.
    spans: Vec<(u32, u32)>,
}

impl Batcher {
    pub(super) fn new(manifest: &Manifest, limits: BatchLimits) -> Batcher {
        let fields: Vec<String> = manifest.field_names().into_iter().map(String::from).collect();
        let number = |field: &String| 2 + fields.iter().position(|name| name == field).unwrap_or(0) as u32;
        let texts = manifest.patterns.iter().map(|p| p.field.as_ref().map_or(1, number)).collect();
        Batcher {
            writer: BatchWriter::new(),
            limits,
            fit: limits.entries,
            raw: manifest.raw,
            sources: (0, [UNKNOWN; SOURCES]),
            texts,
            starts: vec![None; 2 + fields.len()],
            spans: Vec::new(),
            fields,
        }
    }

    pub(super) fn entries(&self) -> u32 {
        self.writer.entries()
    }

    /// A batch of so many entries has taken so long. The next ones are to take a turn; one that takes much less than that
    /// may be followed by one of twice as many.
    pub(super) fn took(&mut self, entries: u32, time: Duration) {
        let Some(turn) = self.limits.turn else { return };
        if time > turn {
            let share = turn.as_nanos() * u128::from(entries) / time.as_nanos().max(1);
            self.fit = u32::try_from(share).unwrap_or(u32::MAX).clamp(1, self.limits.entries.max(1));
        } else if time < turn / 4 && entries >= self.fit {
            self.fit = self.fit.saturating_mul(2).min(self.limits.entries);
        }
    }

    /// Whether this event belongs into the next batch.
    pub(super) fn is_full_for(&self, delivery: &Delivery<'_>) -> bool {
        if self.writer.entries() >= self.fit {
            return true;
        }
        let length = self.writer.len();
        // How many bytes it is is counted only where it comes to that.
        length + self.most_bytes(delivery) > self.limits.bytes
            && !self.writer.is_empty()
            && length + self.bytes(delivery) > self.limits.bytes
    }

    /// Whether a tick belongs into the next batch.
    pub(super) fn is_full(&self) -> bool {
        self.writer.entries() >= self.fit || self.writer.len() + 128 > self.limits.bytes
    }

    pub(super) fn tick(&mut self, time: i64) {
        self.writer.tick(tick_id(time), time);
    }

    /// Adds an event; answers the places of its captures in the line itself, for whoever shows it.
    pub(super) fn push(&mut self, delivery: &Delivery<'_>) -> &[(u32, u32)] {
        let Delivery { line, event, .. } = *delivery;
        let log_source = self.log_source(&event);
        let writer = &mut self.writer;
        let raw = if self.raw { writer.text(line) } else { Span::ABSENT };
        let message = match event.message() {
            None => Span::ABSENT,
            Some(Place { start, end, in_arena: false }) if self.raw => raw.part(start, end - start),
            Some(place) => writer.text(event.text(line, place)),
        };
        writer.event(&EventHead {
            id: delivery.position.id(),
            time: event.time(),
            received: delivery.received,
            log_source: Some(log_source),
            source: delivery.position.source,
            cut: delivery.cut,
            raw,
            message,
        });
        let start = |place: Place| (!place.in_arena).then_some(place.start);
        self.starts[1] = event.message().and_then(start);
        for (number, name) in self.fields.iter().enumerate() {
            let field = event.field(line, name.as_bytes());
            if let Some(field) = field {
                let value = writer.text(event.text(line, field.value));
                writer.field(number as u32, field.kind, value);
            }
            self.starts[2 + number] = field.and_then(|field| start(field.value));
        }
        self.spans.clear();
        for seen in delivery.matches {
            writer.begin_match(seen.pattern, seen.entry, seen.cut);
            let (text, captures) = (self.texts[seen.pattern as usize], event.captures(seen));
            let part = |(from, to): (u32, u32)| (text, from, to - from);
            writer.captures(captures.iter().map(|capture| capture.map(part)));
            if let Some(start) = self.starts[text as usize] {
                self.spans.extend(captures.iter().flatten().map(|(from, to)| (start + from, start + to)));
            }
        }
        &self.spans
    }

    /// What the batch calls an event's log source; it is asked for its texts once for each that a block has.
    fn log_source(&mut self, event: &MatchedEvent<'_>) -> u32 {
        let (block, number) = event.source_number();
        if self.sources.0 != block {
            self.sources = (block, [UNKNOWN; SOURCES]);
        }
        let known = self.sources.1.get_mut(number as usize);
        if let Some(&index) = known.as_deref()
            && index != UNKNOWN
        {
            return index;
        }
        let SourceNames { scan, product, service, category } = event.log_source();
        let kind: &[u8] = if scan { b"scan" } else { b"log" };
        let index = self.writer.log_source(LogSource { kind: Some(kind), product, service, category });
        if let Some(known) = known {
            *known = index;
        }
        index
    }

    /// Writes the batch over what `out` held and starts the next; answers how many entries it has.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> u32 {
        let entries = self.writer.entries();
        let (length, full) = (self.writer.len(), self.limits.bytes);
        if out.capacity() < length {
            // Full ones are of nearly one size, so that each can have the memory of any other.
            *out = Vec::with_capacity(if length > full / 2 { full.max(length) } else { length });
        }
        self.writer.finish(out);
        self.sources = (0, [UNKNOWN; SOURCES]);
        entries
    }

    /// At least as many as [`Batcher::bytes`] says, for less: none of its texts is longer than the line or what decoding made
    /// of it, or than a name that is known.
    fn most_bytes(&self, delivery: &Delivery<'_>) -> usize {
        let Delivery { line, event, matches, .. } = *delivery;
        let text = line.len().max(event.arena_len()).max(KNOWN_NAME);
        let captures = event.captures_of(matches).len();
        OVERHEAD + (5 + self.fields.len()) * text + 16 * (self.fields.len() + matches.len() + captures)
    }

    /// At least as many bytes as the event will take; asked for at the end of a batch only.
    #[cold]
    fn bytes(&self, delivery: &Delivery<'_>) -> usize {
        let Delivery { line, event, matches, .. } = *delivery;
        let place = |place: Place| place.len();
        let message = event.message().map_or(0, place);
        let raw = if self.raw { line.len() } else { 0 };
        let fields = self.fields.iter().filter_map(|name| event.field(line, name.as_bytes()));
        let fields: usize = fields.map(|field| 16 + field.value.len()).sum();
        let matches: usize = matches.iter().map(|seen| 16 + 16 * event.captures(seen).len()).sum();
        let source = event.log_source();
        let names = [source.product, source.service, source.category].into_iter().flatten();
        let names: usize = names.map(<[u8]>::len).sum();
        OVERHEAD + names + raw + message + fields + matches
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::NoClock;
    use crate::decode::Format;
    use crate::line::{LineSettings, Lines};
    use crate::matcher::{MatchLimits, MatchScratch, Matcher};
    use crate::merge::{Run, Scanned};
    use crate::pattern::Rarity;
    use crate::{Configured, Numbers, Pack, deliver};

    fn batcher(turn: Option<Duration>) -> Batcher {
        let manifest = r#"{ "abi": 1, "pack": { "name": "a", "version": "1.0.0" }, "every_event": true,
            "rules": [{ "id": "r", "title": "r", "severity": "low" }] }"#;
        let limits = BatchLimits { turn, ..BatchLimits::default() };
        Batcher::new(&Manifest::parse(manifest.as_bytes()).unwrap(), limits)
    }

    /// Batches of what a pack takes that needs so long for each entry, from a full one on.
    fn batches(batcher: &mut Batcher, each: Duration, count: usize) -> Vec<u32> {
        let mut sizes = Vec::new();
        for _ in 0..count {
            let mut entries = 0;
            while !batcher.is_full() && entries < 500 {
                batcher.tick(0);
                entries += 1;
            }
            batcher.finish(&mut Vec::new());
            batcher.took(entries, each * entries);
            sizes.push(entries);
        }
        sizes
    }

    #[test]
    fn a_slow_pack_gets_batches_that_take_a_turn_and_a_quick_one_large_ones() {
        let (turn, milli) = (Duration::from_millis(5), Duration::from_millis(1));
        let mut one = batcher(Some(turn));
        assert_eq!(batches(&mut one, Duration::from_micros(1), 3), [500, 500, 500]);
        assert_eq!(batches(&mut one, milli, 4), [500, 5, 5, 5]);
        // One entry at least, however slow it is.
        assert_eq!(batches(&mut one, milli * 40, 3), [5, 1, 1]);
        // It was slow once.
        assert_eq!(batches(&mut one, Duration::from_micros(1), 11)[..4], [1, 2, 4, 8]);
        assert_eq!(batches(&mut one, Duration::from_micros(1), 1), [500]);
        assert_eq!(batches(&mut batcher(None), milli * 40, 2), [500, 500], "nobody waits");
    }

    #[test]
    fn captures_are_shown_where_the_line_says_them() {
        let manifest = r#"{ "abi": 1, "pack": { "name": "a", "version": "1.0.0" }, "wakes_on": ["failed", "user", "host"],
            "patterns": [{ "name": "failed", "regex": "(?P<what>Failed)(?P<times> \\d+)?" },
                { "name": "user", "field": "user", "regex": "(?P<user>[a-z]+)" },
                { "name": "host", "field": "host", "regex": "(?P<kind>[a-z]+)(?P<number>\\d)" }],
            "rules": [{ "id": "r", "title": "r", "severity": "low" }] }"#;
        let pack = Arc::new(Pack::from_manifest(manifest.as_bytes()).unwrap());
        let configured = Configured::new(Arc::clone(&pack), &serde_json::Map::new()).unwrap();
        let matcher = Matcher::new(&[configured], MatchLimits::default(), &Rarity::default()).unwrap();
        let mut lines = Lines::new(LineSettings { format: Some(Format::Json), ..LineSettings::default() });
        // What decoding changed is no part of the line, and what was found in the line before is forgotten.
        lines.push(
            br#"{"message":"Failed 3","user":"root","host":"web1"}
{"message":"Failed","user":"r\u006fot","host":"db2"}
{"user":"root"}
{"message":"Fa\u0069led 3"}
"#,
        );
        lines.finish();
        let block = lines.next_block().unwrap();
        let matched = matcher.block(&block, false, &NoClock, &mut MatchScratch::default());
        let events = 0..matched.len();
        let run = Run { scanned: Arc::new(Scanned { source: 0, block, matched }), events };
        let mut batcher = Batcher::new(pack.manifest(), BatchLimits::default());
        let mut shown = Vec::new();
        deliver(&run, &Numbers::default(), |_, delivery| {
            let text = |(from, to): &(u32, u32)| {
                String::from_utf8_lossy(&delivery.line[*from as usize..*to as usize]).into_owned()
            };
            shown.push(batcher.push(&delivery).iter().map(text).collect::<Vec<_>>().join("|"));
        });
        assert_eq!(shown, ["Failed| 3|root|web|1", "Failed|db|2", "root", ""]);
    }
}
