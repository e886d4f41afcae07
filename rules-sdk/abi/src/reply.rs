use crate::EventId;
use crate::Severity;
use crate::frame::{ABSENT, Frame, Malformed, Section, id_at, magic, section, u32_at};

pub(crate) const DECISION: usize = 64;
pub(crate) const VALUE: usize = 16;
pub(crate) const ID: usize = 16;

/// The size limits of a decision's parts. What is longer is malformed; the SDK shortens before it sends.
pub struct ReplyLimit;

impl ReplyLimit {
    /// Bytes of a fingerprint.
    pub const FINGERPRINT: usize = 256;
    /// Bytes of a title.
    pub const TITLE: usize = 512;
    /// Bytes of a summary.
    pub const SUMMARY: usize = 4096;
    /// Named values of one decision.
    pub const VALUES: usize = 32;
    /// Bytes of a value's name.
    pub const VALUE_NAME: usize = 64;
    /// Bytes of a value.
    pub const VALUE: usize = 1024;
    /// Ids of evidence of one decision.
    pub const EVIDENCE: usize = 32;
}

/// A reply, read in place and checked whole: a stranger wrote it.
#[derive(Clone, Copy)]
pub struct Reply<'a> {
    decisions: Section<'a>,
    values: Section<'a>,
    evidence: Section<'a>,
    arena: Section<'a>,
}

impl<'a> Reply<'a> {
    /// Reads the frame and checks every number, span and limit in it. `rules` is how many rules the manifest has.
    pub fn parse(bytes: &'a [u8], rules: u32) -> Result<Self, Malformed> {
        let frame = Frame::parse(bytes, magic::REPLY)?;
        let reply = Reply {
            decisions: frame.section(section::DECISIONS, DECISION as u32)?,
            values: frame.section(section::VALUES, VALUE as u32)?,
            evidence: frame.section(section::EVIDENCE, ID as u32)?,
            arena: frame.section(section::ARENA, 1)?,
        };
        for index in 0..reply.decisions.count {
            reply.check(reply.decisions.record(index).unwrap_or_default(), rules)?;
        }
        Ok(reply)
    }

    /// How many decisions there are.
    pub fn len(&self) -> u32 {
        self.decisions.count
    }

    /// Whether there is no decision.
    pub fn is_empty(&self) -> bool {
        self.decisions.count == 0
    }

    /// The decisions in order.
    pub fn decisions(&self) -> impl Iterator<Item = Decision<'a>> + use<'a> {
        let reply = *self;
        (0..reply.decisions.count)
            .filter_map(move |i| Some(Decision { reply, record: reply.decisions.record(i)? }))
    }

    fn check(&self, record: &[u8], rules: u32) -> Result<(), Malformed> {
        let rule = u32_at(record, 0);
        if rule >= rules {
            return Err(Malformed::Number { what: "rule", found: rule });
        }
        let severity = u32_at(record, 4);
        if severity != ABSENT && Severity::from_number(severity).is_none() {
            return Err(Malformed::Number { what: "severity", found: severity });
        }
        let at_most = |record: &[u8], at: usize, limit: usize, what: &'static str| {
            let text = self.arena.text_at(record, at)?.unwrap_or_default();
            if text.len() > limit {
                return Err(Malformed::Number { what, found: text.len() as u32 });
            }
            Ok(())
        };
        at_most(record, 8, ReplyLimit::FINGERPRINT, "fingerprint of at most 256 bytes")?;
        at_most(record, 16, ReplyLimit::TITLE, "title of at most 512 bytes")?;
        at_most(record, 24, ReplyLimit::SUMMARY, "summary of at most 4096 bytes")?;
        let (first, count) = (u32_at(record, 32), u32_at(record, 36));
        self.values.range(first, count)?;
        if count as usize > ReplyLimit::VALUES {
            return Err(Malformed::Number { what: "count of at most 32 values", found: count });
        }
        for i in 0..count {
            let value = self.values.record(first + i).unwrap_or_default();
            at_most(value, 0, ReplyLimit::VALUE_NAME, "name of at most 64 bytes")?;
            at_most(value, 8, ReplyLimit::VALUE, "value of at most 1024 bytes")?;
        }
        let (first, count) = (u32_at(record, 40), u32_at(record, 44));
        self.evidence.range(first, count)?;
        if count as usize > ReplyLimit::EVIDENCE {
            return Err(Malformed::Number { what: "count of at most 32 ids of evidence", found: count });
        }
        Ok(())
    }
}

/// What a rule decided.
#[derive(Clone, Copy)]
pub struct Decision<'a> {
    reply: Reply<'a>,
    record: &'a [u8],
}

impl<'a> Decision<'a> {
    /// Index into the manifest's rules.
    pub fn rule(&self) -> u32 {
        u32_at(self.record, 0)
    }

    /// The severity, if it is not the rule's.
    pub fn severity(&self) -> Option<Severity> {
        Severity::from_number(u32_at(self.record, 4))
    }

    /// What equal decisions share; absent: same rule and source.
    pub fn fingerprint(&self) -> Option<&'a [u8]> {
        self.text(8)
    }

    /// The title, if it is not the rule's.
    pub fn title(&self) -> Option<&'a [u8]> {
        self.text(16)
    }

    /// A sentence or two on what was seen.
    pub fn summary(&self) -> Option<&'a [u8]> {
        self.text(24)
    }

    /// Named values, in the rule's order.
    pub fn values(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let (reply, first) = (self.reply, u32_at(self.record, 32));
        (0..u32_at(self.record, 36)).filter_map(move |i| {
            let record = reply.values.record(first.checked_add(i)?)?;
            let text = |at| reply.arena.text_at(record, at).ok().flatten().unwrap_or_default();
            Some((text(0), text(8)))
        })
    }

    /// Ids of the events that are its evidence.
    pub fn evidence(&self) -> impl Iterator<Item = EventId> + use<'a> {
        let (reply, first) = (self.reply, u32_at(self.record, 40));
        (0..u32_at(self.record, 44))
            .filter_map(move |i| Some(id_at(reply.evidence.record(first.checked_add(i)?)?, 0)))
    }

    /// Id of the entry that set it off.
    pub fn trigger(&self) -> EventId {
        id_at(self.record, 48)
    }

    fn text(&self, at: usize) -> Option<&'a [u8]> {
        self.reply.arena.text_at(self.record, at).ok().flatten()
    }
}
