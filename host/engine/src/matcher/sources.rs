//! Log sources of a block's events: there are few, and each event has one.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::event::{Event, LogSource, Name};

/// So many are told apart; behind them one may stand twice.
const KNOWN: usize = 16;
/// Bytes of texts whose memory is kept from block to block.
const TEXTS: usize = 4096;

/// Each log source once, with its texts.
#[derive(Default)]
pub(super) struct Sources {
    /// Which block's they are; no two have the same.
    pub(super) block: u64,
    list: Vec<Source>,
    /// By some bits of its mark which one it may be.
    likely: [u8; 16],
    texts: Vec<u8>,
}

struct Source {
    /// Of its service: equal ones have the same.
    mark: u64,
    scan: bool,
    /// Product, service and category.
    names: [Text; 3],
}

/// A text that is known beforehand, or one that stands in `texts`.
#[derive(Clone, Copy)]
enum Text {
    None,
    Known(&'static str),
    Kept(u32, u32),
}

/// What kind of log an event is from, in Sigma's terms; what is `None` is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceNames<'a> {
    /// Whether it is a scan's finding.
    pub scan: bool,
    /// For example `linux`.
    pub product: Option<&'a [u8]>,
    /// For example `sshd`.
    pub service: Option<&'a [u8]>,
    /// For example `webserver`.
    pub category: Option<&'a [u8]>,
}

impl Sources {
    /// None yet, of the next block.
    pub(super) fn begin(&mut self) {
        static BLOCKS: AtomicU64 = AtomicU64::new(1);
        self.block = BLOCKS.fetch_add(1, Relaxed);
        self.list.clear();
        self.texts.clear();
        // One block with many must not keep their memory for all that come.
        self.list.shrink_to(16 * KNOWN);
        self.texts.shrink_to(TEXTS);
    }

    /// The number of this event's.
    #[inline]
    pub(super) fn number(&mut self, event: &Event, line: &[u8]) -> u32 {
        let found = &event.log_source;
        let mark = mark(&found.service, event, line);
        let same = |source: &Source| {
            let [product, service, category] = &source.names;
            source.mark == mark
                && source.scan == found.scan
                && self.is(service, &found.service, event, line)
                && self.is(product, &found.product, event, line)
                && self.is(category, &found.category, event, line)
        };
        let slot = (mark.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 60) as usize;
        let likely = self.likely[slot];
        if self.list.get(usize::from(likely)).is_some_and(same) {
            return u32::from(likely);
        }
        match self.list.iter().take(KNOWN).position(same) {
            Some(number) => {
                self.likely[slot] = number as u8;
                number as u32
            }
            None => self.keep(mark, event, line),
        }
    }

    #[cold]
    fn keep(&mut self, mark: u64, event: &Event, line: &[u8]) -> u32 {
        let LogSource { scan, product, service, category } = event.log_source;
        let names = [product, service, category].map(|name| match name {
            None => Text::None,
            Some(Name::Known(name)) => Text::Known(name),
            Some(Name::Place(place)) => {
                let start = self.texts.len() as u32;
                self.texts.extend_from_slice(event.text(line, place));
                Text::Kept(start, self.texts.len() as u32)
            }
        });
        self.list.push(Source { mark, scan, names });
        self.list.len() as u32 - 1
    }

    /// Whether a name is this text; rather not than wrong.
    #[inline(always)]
    fn is(&self, text: &Text, name: &Option<Name>, event: &Event, line: &[u8]) -> bool {
        match (text, name) {
            (Text::None, None) => true,
            (Text::Known(known), Some(Name::Known(name))) => std::ptr::eq(*known, *name) || known == name,
            (Text::Kept(start, end), Some(Name::Place(place))) => {
                self.texts[*start as usize..*end as usize] == *event.text(line, *place)
            }
            _ => false,
        }
    }

    /// The names of one.
    pub(super) fn names(&self, number: u32) -> SourceNames<'_> {
        let Source { scan, ref names, .. } = self.list[number as usize];
        let [product, service, category] = names.map(|name| match name {
            Text::None => None,
            Text::Known(name) => Some(name.as_bytes()),
            Text::Kept(start, end) => Some(&self.texts[start as usize..end as usize]),
        });
        SourceNames { scan, product, service, category }
    }
}

/// What tells most services apart.
#[inline(always)]
fn mark(service: &Option<Name>, event: &Event, line: &[u8]) -> u64 {
    match service {
        None => 0,
        Some(Name::Known(name)) => name.as_ptr() as u64,
        Some(Name::Place(place)) => {
            let text = event.text(line, *place);
            let word = |bytes: Option<&[u8; 4]>| bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes));
            let words = (word(text.first_chunk()), word(text.last_chunk()));
            (u64::from(words.0) << 32 | u64::from(words.1)) ^ text.len() as u64
        }
    }
}
