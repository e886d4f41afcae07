use std::fmt::Write;

use tripline_abi::{DecisionHead, EventId, ReplyLimit, ReplyWriter};

use crate::digest::Digest;
use crate::text::head;
use crate::{Decision, Decisions, Event};

/// No rule is running.
pub(crate) const NO_RULE: u32 = u32::MAX;

/// The decisions of a batch on their way out, each shortened to the ABI's limits.
#[derive(Default)]
pub struct Replies {
    writer: ReplyWriter,
    rule: u32,
}

impl Replies {
    /// A rule begins; whatever traps now is its doing.
    pub fn begin(&mut self, rule: u32) {
        self.rule = rule;
        crate::export::running(rule);
    }

    /// What the rule decided on this event.
    pub fn add(&mut self, event: &Event<'_>, decided: impl Decisions) {
        decided.each(&mut |decision| self.put(event, decision));
        crate::export::running(NO_RULE);
    }

    /// Writes the reply frame over what `out` held; nothing if there is no decision.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        out.clear();
        if !self.writer.is_empty() {
            self.writer.finish(out);
        }
    }

    #[inline(never)]
    fn put(&mut self, event: &Event<'_>, Decision(decision): Decision) {
        let fingerprint = decision.fingerprint.as_deref().map(fingerprint);
        let title = decision.title.as_deref().map(|title| cut(title, ReplyLimit::TITLE));
        let summary = decision.summary.as_deref().map(|summary| cut(summary, ReplyLimit::SUMMARY));
        let of_event = if event.is_tick() { Vec::new() } else { vec![event.id()] };
        let evidence = if decision.evidence.is_empty() { of_event } else { evidence(&decision.evidence) };
        let values: Vec<_> = decision
            .values
            .iter()
            .take(ReplyLimit::VALUES)
            .map(|(name, value)| {
                (head(name.as_bytes(), ReplyLimit::VALUE_NAME), cut(value, ReplyLimit::VALUE))
            })
            .collect();
        let head = DecisionHead {
            rule: self.rule,
            severity: decision.severity,
            fingerprint: fingerprint.as_deref(),
            title: title.as_deref(),
            summary: summary.as_deref(),
            trigger: event.id(),
        };
        self.writer.decision(&head, values.iter().map(|(name, value)| (*name, &value[..])), &evidence);
    }
}

/// A fingerprint of at most the limit: its beginning, and a digest of the whole for what was cut.
fn fingerprint(bytes: &[u8]) -> Vec<u8> {
    if bytes.len() <= ReplyLimit::FINGERPRINT {
        return bytes.to_vec();
    }
    let mut digest = Digest::new();
    digest.part(bytes);
    let mut hex = String::with_capacity(32);
    for byte in digest.finish() {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    [head(bytes, ReplyLimit::FINGERPRINT - hex.len()), hex.as_bytes()].concat()
}

/// A text of at most `most` bytes; an ellipsis stands for what was cut.
fn cut(bytes: &[u8], most: usize) -> Vec<u8> {
    const ELLIPSIS: &str = "…";
    match bytes.len() <= most {
        true => bytes.to_vec(),
        false => [head(bytes, most - ELLIPSIS.len()), ELLIPSIS.as_bytes()].concat(),
    }
}

/// The first and the last events of too many: how it began, and where it stands.
fn evidence(ids: &[EventId]) -> Vec<EventId> {
    const HALF: usize = ReplyLimit::EVIDENCE / 2;
    match ids.len() <= ReplyLimit::EVIDENCE {
        true => ids.to_vec(),
        false => [&ids[..HALF], &ids[ids.len() - HALF..]].concat(),
    }
}
