use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A pack, and what it has cost since the server began.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Pack)]
pub(crate) struct PackShape {
    #[schema(example = "pack")]
    r#type: String,
    /// Its name.
    pack: String,
    /// Which.
    version: String,
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
    match_seconds: f64,
    /// CPU time in the pack itself.
    cpu_seconds: f64,
    /// Bytes of its memory.
    memory: u64,
    /// Instances started.
    starts: u64,
    /// Its patterns took too much time and are tried no more.
    suspended: bool,
    /// It is out.
    quarantined: bool,
}
