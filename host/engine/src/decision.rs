//! What a rule decided, taken out of a reply and checked.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use tripline_abi::manifest::Rule;
use tripline_abi::{EventId, Severity};

use crate::id::{Position, tick_id};

/// The rule that decided, and its pack.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The pack's name; [`HOST`] for what the engine itself says.
    pub pack: String,
    /// The rule as its manifest has it.
    pub rule: Rule,
}

/// Stands for a pack where the engine itself decided.
pub const HOST: &str = "tripline";

/// A decision: what a rule returned, with the texts of its evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Who decided.
    pub origin: Arc<Origin>,
    /// The rule's, unless the decision said otherwise.
    pub severity: Severity,
    /// What equal decisions share; `None`: same rule and source.
    pub fingerprint: Option<Vec<u8>>,
    /// One line.
    pub title: String,
    /// A sentence or two; may be empty.
    pub summary: String,
    /// Named values, in the rule's order.
    pub values: Vec<(String, String)>,
    /// When the event or tick that set it off happened.
    pub time: Option<i64>,
    /// The event that set it off; `None` is a tick. Where the engine says that a pack is out without an event to blame,
    /// the first since the pack last saved: a replay names the same.
    pub trigger: Option<Position>,
    /// The events that show it.
    pub evidence: Vec<Evidence>,
    /// Evidence that is too old to be known here.
    pub evidence_gone: u32,
    /// How many decisions it stands for: more than one if it is an overflow.
    pub weight: u64,
    /// Which it is, from 0, of those with the same rule and fingerprint that the same event or tick set off.
    pub ordinal: u32,
}

impl Decision {
    /// The id of the event or tick that set it off. With pack, rule, fingerprint and ordinal it tells a decision from
    /// all others, and is the same when it is decided again.
    pub fn trigger_id(&self) -> EventId {
        match self.trigger {
            Some(position) => position.id(),
            None => tick_id(self.time.unwrap_or(0)),
        }
    }
}

/// An event that shows what was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Where it stands.
    pub position: Position,
    /// The line's first bytes; `None` if it is no longer kept.
    pub text: Option<Vec<u8>>,
    /// Whether the line is longer than that.
    pub cut: bool,
    /// Places of captures in the text, for whoever shows it.
    pub captures: Vec<(u32, u32)>,
    /// SHA-256 of the whole line as it was read, where the text is not all of that; `None`: it is, or nobody knows.
    pub digest: Option<[u8; 32]>,
}

impl Evidence {
    /// Puts another text in the text's place; what it was of stays known by its digest.
    pub fn replace(&mut self, text: Vec<u8>) {
        self.digest = self.whole_digest();
        self.text = Some(text);
        // They no longer say where anything is.
        self.captures.clear();
    }

    /// Whether [`Evidence::shorten`] would leave it as it is.
    pub fn fits(&self, most: usize) -> bool {
        let length = self.text.as_ref().map_or(0, Vec::len);
        length <= most && self.captures.iter().all(|(_, end)| *end as usize <= length)
    }

    /// Keeps so many bytes of the text; what it was of stays known by its digest.
    pub fn shorten(&mut self, most: usize) {
        if self.text.as_ref().is_some_and(|text| text.len() > most) {
            self.digest = self.whole_digest();
            self.cut = true;
            self.text.iter_mut().for_each(|text| text.truncate(most));
        }
        let length = self.text.as_ref().map_or(0, Vec::len);
        self.captures.retain(|(_, end)| *end as usize <= length);
    }

    /// SHA-256 of the whole line as it was read, if that is known.
    pub fn whole_digest(&self) -> Option<[u8; 32]> {
        let whole = self.text.as_ref().filter(|_| !self.cut);
        self.digest.or_else(|| whole.map(|text| Sha256::digest(text).into()))
    }
}
