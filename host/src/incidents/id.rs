//! What makes a decision the same decision, and an incident the same incident.

use sha2::{Digest, Sha256};
use tripline_engine::decision::Decision;

use crate::commit::Tenant;

/// What equal decisions of a rule share: the rule's fingerprint, or the source where it gives none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(Vec<u8>);

const GIVEN: u8 = 1;
const SOURCE: u8 = 2;
const OVERFLOW: u8 = 3;

impl Fingerprint {
    /// Of a decision.
    pub fn of(decision: &Decision) -> Fingerprint {
        match (&decision.fingerprint, decision.trigger) {
            (Some(given), _) => Fingerprint::given_as(given),
            (None, Some(trigger)) => Fingerprint([&[SOURCE], &trigger.source.to_be_bytes()[..]].concat()),
            (None, None) => Fingerprint(vec![SOURCE]),
        }
    }

    /// Of the incident that stands for all over a rule's limit.
    pub fn overflow() -> Fingerprint {
        Fingerprint(vec![OVERFLOW])
    }

    /// Of what a rule gave.
    pub fn given_as(given: &[u8]) -> Fingerprint {
        Fingerprint([&[GIVEN], given].concat())
    }

    /// From what was stored.
    pub fn from_bytes(bytes: Vec<u8>) -> Fingerprint {
        Fingerprint(bytes)
    }

    /// As it is stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// What the rule gave; `None`: it gave nothing.
    pub fn given(&self) -> Option<&[u8]> {
        match self.0.split_first() {
            Some((&GIVEN, given)) => Some(given),
            _ => None,
        }
    }

    /// Whether it is that of an overflow.
    pub fn is_overflow(&self) -> bool {
        self.0.first() == Some(&OVERFLOW)
    }
}

/// Names an occurrence: the same line judged again by the same rule gives the same id, so a replay finds its own row.
///
/// The first 16 bytes of SHA-256 over tenant, pack, rule, fingerprint, the id of the event that set it off, and the
/// ordinal among equal decisions of that event, each with its length before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OccurrenceId(pub [u8; 16]);

impl OccurrenceId {
    /// Of a decision.
    pub fn of(tenant: &Tenant, decision: &Decision) -> OccurrenceId {
        let mut hash = Sha256::new();
        let fingerprint = Fingerprint::of(decision);
        let parts: [&[u8]; 6] = [
            tenant.as_str().as_bytes(),
            decision.origin.pack.as_bytes(),
            decision.origin.rule.id.as_bytes(),
            fingerprint.as_bytes(),
            &decision.trigger_id(),
            &decision.ordinal.to_be_bytes(),
        ];
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut id = [0; 16];
        id.copy_from_slice(&hash.finalize()[..16]);
        OccurrenceId(id)
    }
}
