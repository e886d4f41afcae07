use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A pack, and what it has cost since the server began.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Pack)]
pub(crate) struct PackShape {
    #[schema(example = "pack")]
    r#type: String,
    /// Its name.
    pub(crate) pack: String,
    /// Which.
    pub(crate) version: String,
    /// Events it was handed.
    events: u64,
    /// Matches of its patterns on them.
    matches: u64,
    /// Batches of events.
    batches: u64,
    /// What came of them …
    decisions: u64,
    /// … and what went wrong.
    faults: u64,
    /// Lines that it logged and that were dropped.
    logs_dropped: u64,
    /// Time in its patterns, over all threads.
    pub(crate) match_seconds: f64,
    /// CPU time in the pack itself.
    pub(crate) cpu_seconds: f64,
    /// Bytes of its memory.
    memory: u64,
    /// Instances started.
    starts: u64,
    /// Its patterns took too much time and are tried no more.
    suspended: bool,
    /// It is out.
    quarantined: bool,
}

/// A pack of a tenant's own, and which version of it counts.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = OwnPack)]
pub(crate) struct OwnPackShape {
    #[schema(example = "own_pack")]
    r#type: String,
    /// Its name.
    pub(crate) pack: String,
    /// Which.
    pub(crate) version: String,
    /// The newest that was pushed has the highest.
    pub(crate) number: u32,
    /// Of the module, in hexadecimal.
    pub(crate) sha256: String,
    /// When it was pushed.
    #[schema(format = DateTime)]
    pub(crate) pushed: String,
    /// By whom.
    author: String,
    /// Whether it judges, if it is signed as is demanded.
    pub(crate) enabled: bool,
    /// How it is signed: `valid`, by one who may; `refused`, not as is demanded: it does not judge; `unchecked`, nothing is
    /// demanded, and who has signed it is not known; `none`.
    #[schema(example = "valid")]
    pub(crate) signed: String,
    /// The key by which its signature says that it is; null: there is none.
    #[schema(required)]
    pub(crate) signed_by: Option<String>,
    /// What its tenant has set.
    #[schema(value_type = Object)]
    settings: serde_json::Map<String, serde_json::Value>,
    /// What it has cost since the server began; null: nothing came for it.
    #[schema(required)]
    pub(crate) cost: Option<PackShape>,
    /// What became of its incidents, by its rules that have opened some.
    pub(crate) rules: Vec<RuleOutcomeShape>,
}

/// What became of a rule's incidents, of those that are kept.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RuleOutcome)]
pub(crate) struct RuleOutcomeShape {
    #[schema(example = "rule_outcome")]
    r#type: String,
    /// The rule's id.
    pub(crate) rule: String,
    /// How many there are.
    pub(crate) incidents: u64,
    /// How many of them are resolved.
    pub(crate) resolved: u64,
    /// How many of those as false positives.
    pub(crate) false_positives: u64,
}

/// What went wrong with a pack.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PackFault)]
pub(crate) struct PackFaultShape {
    #[schema(example = "pack_fault")]
    r#type: String,
    /// When.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// The rule that ran; null: it is not known.
    #[schema(required)]
    pub(crate) rule: Option<String>,
    /// In a word.
    #[schema(example = "panic")]
    code: String,
    /// In words, with the text of a panic.
    pub(crate) text: String,
    /// Whether it was put out by it.
    pub(crate) out: bool,
    /// Whether it lost what it remembered.
    state_lost: bool,
}

impl OwnPackShape {
    /// Whether it does not judge, since it is not signed as is demanded.
    pub(crate) fn is_refused(&self) -> bool {
        self.signed == "refused"
    }
}

impl PackShape {
    /// CPU time in it and in its patterns, seconds.
    pub(crate) fn seconds(&self) -> f64 {
        self.cpu_seconds + self.match_seconds
    }

    /// Events it was handed, decisions, faults, and whether it is out.
    pub(crate) fn standing(&self) -> (u64, u64, u64, bool) {
        (self.events, self.decisions, self.faults, self.quarantined || self.suspended)
    }
}
