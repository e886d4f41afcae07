use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What tenants use.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Usage)]
pub(crate) struct UsageShape {
    /// Over how many seconds rates are: it grows to 10 when the server begins.
    pub(crate) window_seconds: f64,
    /// Those first that use most.
    pub(crate) tenants: Vec<TenantUsageShape>,
    /// Tenants that are not told, since they are beyond the limit.
    pub(crate) left_out: u64,
}

/// What a tenant has used since the server began, and what it uses now.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = TenantUsage)]
pub(crate) struct TenantUsageShape {
    #[schema(example = "tenant_usage")]
    r#type: String,
    /// Its name.
    pub(crate) tenant: String,
    /// Sources that are read.
    sources: u64,
    /// Lines that came, …
    lines: u64,
    /// … and their bytes.
    bytes: u64,
    /// Time in matching them, over all threads: the look at the raw bytes, decoding, and the patterns of all packs.
    match_seconds: f64,
    /// Events that its packs were handed.
    events: u64,
    /// Matches of their patterns on them.
    matches: u64,
    /// What came of them …
    decisions: u64,
    /// … and what went wrong.
    pub(crate) faults: u64,
    /// CPU time in its packs.
    pub(crate) cpu_seconds: f64,
    /// CPU time in compiling what it has pushed, also what was refused.
    compile_seconds: f64,
    /// Bytes of memory of instances that live.
    pub(crate) memory: u64,
    /// Bytes that are kept of what its packs remember.
    pub(crate) state_bytes: u64,
    /// Bytes that the database keeps of it, of whatever kind; null: it is not known.
    #[schema(required)]
    pub(crate) stored_bytes: Option<u64>,
    /// Mails that were sent.
    mails: u64,
    /// Scans that were made.
    scans: u64,
    /// Whether more comes than its quota allows; null: it has none.
    #[schema(required)]
    pub(crate) over_quota: Option<bool>,
    /// What was added, a second.
    pub(crate) rates: RatesShape,
    /// What each of its packs has used.
    pub(crate) packs: Vec<PackUsageShape>,
}

/// What a pack has used for a tenant since the server began, and what it uses now.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PackUsage)]
pub(crate) struct PackUsageShape {
    #[schema(example = "pack_usage")]
    r#type: String,
    /// Its name; null: these are all those together that everybody has, whose names only an operator is told.
    #[schema(required)]
    pub(crate) pack: Option<String>,
    /// Which.
    #[schema(required)]
    version: Option<String>,
    /// Whether it is the tenant's own.
    pub(crate) own: bool,
    /// Whether it is quarantined or suspended.
    pub(crate) out: bool,
    /// Events it was handed.
    pub(crate) events: u64,
    /// Matches of its patterns on them.
    matches: u64,
    /// What came of them …
    decisions: u64,
    /// … and what went wrong.
    pub(crate) faults: u64,
    /// CPU time in the pack itself.
    pub(crate) cpu_seconds: f64,
    /// Time in its patterns, over all threads.
    pub(crate) match_seconds: f64,
    /// CPU time in compiling its modules, also those that were refused.
    compile_seconds: f64,
    /// Bytes of memory of the instance that lives.
    pub(crate) memory: u64,
    /// Bytes that are kept of what it remembers.
    pub(crate) state_bytes: u64,
    /// What was added, a second.
    pub(crate) rates: RatesShape,
}

/// What was added within the window, a second.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = UsageRates)]
pub(crate) struct RatesShape {
    /// Lines; of a pack null.
    #[schema(required)]
    pub(crate) lines: Option<f64>,
    /// Their bytes; of a pack null.
    #[schema(required)]
    pub(crate) bytes: Option<f64>,
    /// Seconds of matching: 1 is a thread that does nothing else.
    pub(crate) match_seconds: f64,
    /// Events that were handed over.
    pub(crate) events: f64,
    /// Decisions.
    pub(crate) decisions: f64,
    /// Faults.
    pub(crate) faults: f64,
    /// Seconds of CPU time: 1 is a core that does nothing else.
    pub(crate) cpu_seconds: f64,
}
