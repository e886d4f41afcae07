//! Why an event woke a pack or did not: for whoever writes rules. The same answer as [`Matcher::block`], with reasons,
//! and as slow as it likes to be.

use tripline_abi::FieldType;

use super::{MatchScratch, Matcher};
use crate::decode::resolve;
use crate::event::{Event, Place};
use crate::line::{Block, Line};
use crate::pattern::{Captured, Found};

/// What one event is to each pack.
#[derive(Debug)]
pub struct Explained {
    /// The decoded line.
    pub event: Event,
    /// By pack, in their order.
    pub packs: Vec<PackExplained>,
}

/// What an event is to one pack.
#[derive(Debug)]
pub struct PackExplained {
    /// Whether events of its source are for the pack.
    pub takes: bool,
    /// Whether its patterns took too much time and are tried no more.
    pub suspended: bool,
    /// Whether it is handed the event.
    pub woken: bool,
    /// What each of its patterns makes of the event, in their order.
    pub patterns: Vec<PatternExplained>,
    /// Whether each entry of `wakes_on` holds; none for a pack that is handed every event.
    pub wakes: Vec<bool>,
}

/// What a pattern makes of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternExplained {
    /// It matches.
    Matches {
        /// The value that it looked at; none, if that is what it looks for.
        value: Option<Place>,
        /// Which entry of a list, and whether the value was cut.
        found: Found,
        /// Places of its named groups in the value.
        captures: Vec<Captured>,
    },
    /// Every match has one of these in its line, in either case, and none of them stands there.
    NoLiteral(Vec<Vec<u8>>),
    /// The event has no such field, or no message.
    NoValue,
    /// It was tried and does not match.
    Differs {
        /// The value that it looked at.
        value: Place,
    },
}

impl PatternExplained {
    /// Whether it matches.
    pub fn matches(&self) -> bool {
        matches!(self, PatternExplained::Matches { .. })
    }
}

impl Matcher {
    /// Explains one line of a block.
    pub fn explain(&self, block: &Block, line: &Line, scratch: &mut MatchScratch) -> Explained {
        let text = block.text(line);
        let mut event = Event::default();
        block.decoder.decode(text, line.year, &mut event);
        resolve(text, &self.set.dotted, &mut event);
        event.time = block.bounded(event.time);
        let searched = [text.to_ascii_lowercase(), event.arena.to_ascii_lowercase()];
        let stands =
            |literal: &Vec<u8>| searched.iter().any(|bytes| memchr::memmem::find(bytes, literal).is_some());
        let mut packs = Vec::with_capacity(self.set.watches.len());
        for (watch, meter) in self.set.watches.iter().zip(&self.meters) {
            let range = watch.first as usize..(watch.first + watch.patterns) as usize;
            let mut patterns = Vec::with_capacity(range.len());
            for number in range {
                patterns.push(match self.set.patterns[number].necessary() {
                    Some(literals) if !literals.iter().any(stands) => PatternExplained::NoLiteral(literals),
                    _ => self.tried(number, text, &event, scratch),
                });
            }
            let holds = |pattern: u32| patterns[pattern as usize].matches();
            let wakes = watch.entries(holds);
            let (takes, suspended) = (watch.takes(&event, text), meter.is_suspended());
            let woken = takes && !suspended && (watch.every_event || wakes.contains(&true));
            packs.push(PackExplained { takes, suspended, woken, patterns, wakes });
        }
        Explained { event, packs }
    }

    fn tried(
        &self,
        number: usize,
        line: &[u8],
        event: &Event,
        scratch: &mut MatchScratch,
    ) -> PatternExplained {
        let compiled = &self.set.patterns[number];
        let value = match &compiled.field {
            None => event.message,
            Some(field) => (event.field(line, field.as_bytes()))
                .filter(|field| !matches!(field.kind, FieldType::Null | FieldType::Absent))
                .map(|field| field.value),
        };
        let Some(value) = value else {
            return match compiled.find_none() {
                Some(found) => PatternExplained::Matches { value, found, captures: Vec::new() },
                None => PatternExplained::NoValue,
            };
        };
        let found =
            compiled.find(number, event.text(line, value), self.limits.value_bytes, &mut scratch.work.search);
        match found {
            Some(found) => {
                let captures = scratch.work.search.captures.clone();
                PatternExplained::Matches { value: Some(value), found, captures }
            }
            None => PatternExplained::Differs { value },
        }
    }
}
