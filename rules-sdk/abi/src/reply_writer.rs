use alloc::vec::Vec;

use crate::batch_writer::{put, put_span};
use crate::frame::{ABSENT, Span, magic, section, write};
use crate::reply::{DECISION, ID, VALUE};
use crate::{EventId, Severity};

/// Writes replies: one decision after the other, then [`finish`](ReplyWriter::finish). Its memory is reused.
#[derive(Default)]
pub struct ReplyWriter {
    decisions: Vec<u8>,
    values: Vec<u8>,
    evidence: Vec<u8>,
    arena: Vec<u8>,
}

/// What a decision is, apart from its values and evidence.
#[derive(Clone, Copy, Debug)]
pub struct DecisionHead<'a> {
    /// Index into the manifest's rules.
    pub rule: u32,
    /// Absent: the rule's.
    pub severity: Option<Severity>,
    /// Absent: same rule and source.
    pub fingerprint: Option<&'a [u8]>,
    /// Absent: the rule's.
    pub title: Option<&'a [u8]>,
    /// A sentence or two.
    pub summary: Option<&'a [u8]>,
    /// Id of the entry that set it off.
    pub trigger: EventId,
}

impl ReplyWriter {
    /// An empty reply.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it holds no decision.
    pub fn is_empty(&self) -> bool {
        self.decisions.is_empty()
    }

    /// Adds a decision. It writes what it is given; the limits ([`crate::ReplyLimit`]) are the caller's.
    pub fn decision<'v>(
        &mut self,
        head: &DecisionHead<'_>,
        values: impl IntoIterator<Item = (&'v [u8], &'v [u8])>,
        evidence: &[EventId],
    ) {
        let fingerprint = self.text(head.fingerprint);
        let title = self.text(head.title);
        let summary = self.text(head.summary);
        let first_value = (self.values.len() / VALUE) as u32;
        for (name, value) in values {
            let (name, value) = (self.text(Some(name)), self.text(Some(value)));
            put_span(&mut self.values, name);
            put_span(&mut self.values, value);
        }
        let values = (self.values.len() / VALUE) as u32 - first_value;
        let first_evidence = (self.evidence.len() / ID) as u32;
        for id in evidence {
            self.evidence.extend_from_slice(id);
        }
        let out = &mut self.decisions;
        put(out, &[head.rule, head.severity.map_or(ABSENT, |severity| severity as u32)]);
        for span in [fingerprint, title, summary] {
            put_span(out, span);
        }
        put(out, &[first_value, values, first_evidence, evidence.len() as u32]);
        out.extend_from_slice(&head.trigger);
    }

    /// Writes the frame over what `out` held, and starts an empty reply.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        write(
            magic::REPLY,
            &[
                (section::DECISIONS, DECISION, &self.decisions),
                (section::VALUES, VALUE, &self.values),
                (section::EVIDENCE, ID, &self.evidence),
                (section::ARENA, 1, &self.arena),
            ],
            out,
        );
        for section in [&mut self.decisions, &mut self.values, &mut self.evidence, &mut self.arena] {
            section.clear();
        }
    }

    fn text(&mut self, text: Option<&[u8]>) -> Span {
        let Some(text) = text else { return Span::ABSENT };
        let offset = self.arena.len() as u32;
        self.arena.extend_from_slice(text);
        Span { offset, length: text.len() as u32 }
    }
}
