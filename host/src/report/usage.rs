//! What tenants and their packs use, as objects, as `FORMAT.md` has them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::serve::{PackCounts, PackUsage, TenantUsage};

/// What a tenant uses; within a window so long. How many sources it has, and whether it is over its quota, if it has one.
pub(crate) fn tenant(
    usage: &TenantUsage,
    window: Duration,
    sources: usize,
    over_quota: Option<bool>,
) -> Value {
    let TenantUsage { tenant, counts, lately, stored, packs, .. } = usage;
    let judged = usage.judged();
    let mut rates = rates(&usage.judged_lately(), window);
    rates["lines"] = rate(lately.lines as f64, window).into();
    rates["bytes"] = rate(lately.bytes as f64, window).into();
    rates["match_seconds"] = rate(lately.matching.as_secs_f64(), window).into();
    json!({
        "type": "tenant_usage",
        "tenant": tenant.as_str(),
        "sources": sources,
        "lines": counts.lines,
        "bytes": counts.bytes,
        "match_seconds": counts.matching.as_secs_f64(),
        "events": judged.events,
        "matches": judged.matches,
        "decisions": judged.decisions,
        "faults": judged.faults,
        "cpu_seconds": judged.cpu.as_secs_f64(),
        "compile_seconds": judged.compiling.as_secs_f64(),
        "memory": usage.memory(),
        "state_bytes": usage.state(),
        "stored_bytes": stored,
        "mails": counts.mails,
        "scans": counts.scans,
        "over_quota": over_quota,
        "rates": rates,
        "packs": packs.iter().map(|one| pack(one, window)).collect::<Vec<_>>(),
    })
}

fn pack(usage: &PackUsage, window: Duration) -> Value {
    let PackUsage { pack, version, is_own, is_out, counts, lately, memory, state } = usage;
    json!({
        "type": "pack_usage",
        "pack": pack,
        "version": version,
        "own": is_own,
        "out": is_out,
        "events": counts.events,
        "matches": counts.matches,
        "decisions": counts.decisions,
        "faults": counts.faults,
        "cpu_seconds": counts.cpu.as_secs_f64(),
        "match_seconds": counts.matching.as_secs_f64(),
        "compile_seconds": counts.compiling.as_secs_f64(),
        "memory": memory,
        "state_bytes": state,
        "rates": rates(lately, window),
    })
}

/// What was added, a second.
fn rates(added: &PackCounts, window: Duration) -> Value {
    json!({
        "lines": null,
        "bytes": null,
        "match_seconds": rate(added.matching.as_secs_f64(), window),
        "events": rate(added.events as f64, window),
        "decisions": rate(added.decisions as f64, window),
        "faults": rate(added.faults as f64, window),
        "cpu_seconds": rate(added.cpu.as_secs_f64(), window),
    })
}

fn rate(added: f64, window: Duration) -> f64 {
    if window.is_zero() { 0.0 } else { added / window.as_secs_f64() }
}
