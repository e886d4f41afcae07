use tripline_abi::{Entry, EntryKind, EventId, FieldType};

use crate::id::Wake;
use crate::{CaptureId, FieldId, FromCapture, PatternId, Text};

/// A log line, what a scan found, or a tick, with the patterns that matched it.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    entry: Entry<'a>,
    /// A bit for each of the first 64 patterns: rules ask for many, and few match.
    seen: u64,
}

/// A pattern that matched an event.
#[derive(Clone, Copy)]
pub struct Match<'a> {
    seen: tripline_abi::Match<'a>,
}

impl<'a> Event<'a> {
    /// The event of a batch's entry.
    pub fn new(entry: Entry<'a>) -> Self {
        let bits = entry.matches().map(|seen| 1u64.checked_shl(seen.pattern()).unwrap_or(0));
        Event { entry, seen: bits.fold(0, |seen, bit| seen | bit) }
    }

    /// Names it in a decision's evidence; the same whenever the line is read again.
    pub fn id(&self) -> EventId {
        self.entry.id()
    }

    /// When it happened, nanoseconds since 1970 UTC, if its line says so.
    pub fn time(&self) -> Option<i64> {
        self.entry.time()
    }

    /// When it came in, likewise; absent where a file is read long after.
    pub fn received(&self) -> Option<i64> {
        self.entry.received()
    }

    /// Whether time has moved and nothing else happened; only rules that are on `tick` see it.
    pub fn is_tick(&self) -> bool {
        self.entry.kind() == EntryKind::Tick
    }

    /// Whether a scan found it; else it is a log's.
    pub fn is_finding(&self) -> bool {
        self.entry.log_source().is_some_and(|source| source.kind == Some(b"scan"))
    }

    /// The message: what is left of the line behind its header. Empty if there is none; a finding has none.
    pub fn message(&self) -> Text<'a> {
        Text::new(self.entry.message().unwrap_or_default())
    }

    /// The whole line, if the pack says `raw: true`.
    pub fn raw(&self) -> Option<Text<'a>> {
        self.entry.raw().map(Text::new)
    }

    /// The service that wrote it, for example `sshd`, if that is known. What a finding found is its field `service`.
    pub fn service(&self) -> Option<Text<'a>> {
        self.entry.log_source()?.service.map(Text::new)
    }

    /// A number for where it comes from: equal numbers are the same file, listener or scan.
    pub fn source(&self) -> u32 {
        self.entry.source()
    }

    /// Whether the line was longer than the host takes, and only its beginning is here.
    pub fn is_cut(&self) -> bool {
        self.entry.is_cut()
    }

    /// The value of a field as text; `None` if the event has none or it is JSON's `null`.
    #[inline(never)]
    pub fn field(&self, field: FieldId) -> Option<Text<'a>> {
        let field = self.entry.field(field.0)?;
        (!matches!(field.kind, FieldType::Absent | FieldType::Null)).then_some(Text::new(field.value))
    }

    /// The value of a field as a number, a `bool`, an address or a text: `event.get::<u16>(field::PORT)`. `None` if the
    /// event has none, or one that does not read as that.
    pub fn get<T: FromCapture<'a>>(&self, field: FieldId) -> Option<T> {
        self.field(field).and_then(T::from_capture)
    }

    /// The match of a pattern, if it matched.
    // Not inlined, as all that rules ask for often: a pack has many such places, and its size counts.
    #[inline(never)]
    pub fn matched(&self, pattern: PatternId) -> Option<Match<'a>> {
        if !self.may_have(pattern) {
            return None;
        }
        self.entry.matches().find(|seen| seen.pattern() == pattern.0).map(|seen| Match { seen })
    }

    /// Whether a pattern matched.
    pub fn has(&self, pattern: PatternId) -> bool {
        self.may_have(pattern) && (pattern.0 < 64 || self.matched(pattern).is_some())
    }

    /// What a named group of a pattern took; `None` if the pattern did not match or the group took no part.
    #[inline(never)]
    pub fn capture(&self, capture: CaptureId) -> Option<Text<'a>> {
        let seen = self.matched(PatternId(capture.pattern))?.seen;
        seen.capture(capture.group).map(|capture| Text::new(capture.bytes))
    }

    /// The match of the first pattern of an entry of a rule's `on`, if the entry holds.
    #[doc(hidden)]
    #[inline(never)]
    pub fn holds(&self, wake: &Wake) -> Option<Match<'a>> {
        let (first, others) = wake.all.split_first()?;
        let others = others.iter().all(|pattern| self.has(*pattern));
        let holds = self.has(*first) && others && !wake.none.iter().any(|pattern| self.has(*pattern));
        if holds { self.matched(*first) } else { None }
    }

    /// What the capture for a rule's parameter took; `seen` is what [`holds`](Self::holds) answered.
    #[doc(hidden)]
    #[inline(never)]
    pub fn capture_for(&self, wake: &Wake, seen: &Match<'a>, parameter: usize) -> Option<Text<'a>> {
        let capture = (*wake.captures.get(parameter)?)?;
        match seen.seen.pattern() == capture.pattern {
            true => seen.seen.capture(capture.group).map(|capture| Text::new(capture.bytes)),
            false => self.capture(capture),
        }
    }

    fn may_have(&self, pattern: PatternId) -> bool {
        1u64.checked_shl(pattern.0).is_none_or(|bit| self.seen & bit != 0)
    }
}

impl Match<'_> {
    /// Which entry of the pattern's list matched, the lowest if several did; `None` for a regex.
    pub fn list_entry(&self) -> Option<usize> {
        self.seen.list_entry().map(|entry| entry as usize)
    }

    /// Whether the value was longer than the host searches, so that only its beginning was looked at.
    pub fn is_cut(&self) -> bool {
        self.seen.is_cut()
    }
}
