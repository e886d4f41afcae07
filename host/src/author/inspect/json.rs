use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Map, json};
use tripline_engine::{Pack, PackLimits, describe, without_literals};
use tripline_sandbox::Limits;

use crate::report::strict_json;

/// Writes one document; keys are those of the manifest where the manifest has them.
pub(crate) fn json(out: &mut dyn Write, pack: &Pack, limits: &Limits) -> io::Result<()> {
    let mut document = Map::new();
    document.insert("version".into(), json!(1));
    document.extend(describe(pack));
    let may_use = json!({
        "cpu_seconds": seconds(limits.cpu_base),
        "cpu_seconds_per_event": seconds(limits.cpu_entry),
        "wall_seconds": seconds(limits.wall),
        "memory_bytes": limits.memory,
        "table_elements": limits.table,
        "stack_bytes": limits.stack,
        "reply_bytes": limits.reply,
        "state_bytes": limits.state,
        "module_bytes": PackLimits::default().module_bytes,
    });
    document.insert("limits".into(), may_use);
    document.insert("patterns_without_literals".into(), json!(without_literals(pack)));
    strict_json::write_pretty(out, &document)?;
    writeln!(out)
}

fn seconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e6
}
