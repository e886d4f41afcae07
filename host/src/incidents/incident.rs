use tripline_engine::abi::Severity;

use super::{Fingerprint, Resolution, State};
use crate::commit::Tenant;

/// An incident as it is kept: equal decisions, as one thing to work off.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its number, from 1, for each tenant; never given twice.
    pub id: i64,
    /// The pack that decided.
    pub pack: String,
    /// Its rule.
    pub rule: String,
    /// What its decisions share.
    pub fingerprint: Fingerprint,
    /// From 1; after it was resolved, an equal decision opens the next.
    pub generation: u32,
    /// The incident of the generation before.
    pub previous: Option<i64>,
    /// How far it is.
    pub state: State,
    /// What it was, once that is known.
    pub resolution: Option<Resolution>,
    /// The highest that any of its decisions had; it never falls by itself.
    pub severity: Severity,
    /// The title it was opened with: the subject of all its mails.
    pub subject: String,
    /// The title of its last decision.
    pub title: String,
    /// The summary of its last decision.
    pub summary: String,
    /// The values of its last decision.
    pub values: Vec<(String, String)>,
    /// The rule's tags.
    pub tags: Vec<String>,
    /// Names of the files its evidence came from; the first few.
    pub sources: Vec<String>,
    /// How many decisions it stands for.
    pub count: u64,
    /// How many occurrences were recorded; less than `count` if some stand for several.
    pub occurrences: u64,
    /// Earliest time of an event, nanoseconds since 1970.
    pub first: Option<i64>,
    /// Latest time of an event.
    pub last: Option<i64>,
    /// When it was recorded.
    pub opened: i64,
    /// When it changed last.
    pub changed: i64,
    /// When its last occurrence was recorded.
    pub occurred: i64,
    /// When an acknowledgement runs out.
    pub acknowledged_until: Option<i64>,
    /// Nanoseconds of quiet after which it resolves itself.
    pub resolve_after: Option<i64>,
    /// When an open one is told again, if it has occurred since.
    pub repeats_at: Option<i64>,
    /// Whose it is to work off.
    pub assignee: Option<String>,
    /// Evidence that was named and is not kept.
    pub evidence_dropped: u64,
    /// Whether it stands for all that was over its rule's limit.
    pub overflow: bool,
    /// Counts its changes, so that two people cannot overwrite each other unseen.
    pub version: i64,
}

/// An event that shows what was decided, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The file's number; `None`: it came from no file.
    pub file: Option<u32>,
    /// The file's name when it was read.
    pub name: String,
    /// First byte in the file, unpacked.
    pub offset: u64,
    /// The line, from 1.
    pub line: u64,
    /// The line's first bytes; `None`: it was no longer known when the rule named it.
    pub text: Option<Vec<u8>>,
    /// Whether the line is longer than that.
    pub cut: bool,
    /// Places of captures in the text.
    pub captures: Vec<(u32, u32)>,
    /// SHA-256 of the whole line as it was read, before anything was cut or blotted out; `None`: it is not known.
    pub digest: Option<[u8; 32]>,
}

/// What a new incident needs beside its first decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its number.
    pub id: i64,
    /// The generation before: id and number.
    pub previous: Option<(i64, u32)>,
}
