//! What came of a run, as JSON: keys are those of `tripline check --format json` where that has them.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tripline_engine::cases::decided;
use tripline_engine::decision::{Decision, Evidence};
use tripline_engine::fold::Incident;
use tripline_engine::sandbox::{Enforced, LogLine, Trap};
use tripline_engine::{Fault, PackFault, PackReport, Position, Report};

use crate::announce::Times;
use crate::why::time;

/// Everything.
pub(crate) fn whole(report: &Report, sources: usize, enforced: Enforced) -> Value {
    let mut shown = summary(report, sources, enforced);
    shown.insert("incidents".into(), report.incidents.iter().map(|one| incident(one, true)).collect());
    shown.insert("decisions".into(), report.decisions.iter().map(decision).collect());
    let packs = report.packs.iter().enumerate();
    let packs = packs.map(|(number, one)| pack(one, report.states.get(number).copied().flatten(), None));
    shown.insert("packs".into(), packs.collect());
    Value::Object(shown)
}

/// What fits a page: of many incidents and decisions the first, without the texts of their evidence.
pub(crate) fn page(
    report: &Report,
    sources: usize,
    enforced: Enforced,
    times: impl Fn(&str) -> Times,
) -> Value {
    const MOST: usize = 2_000;
    let mut shown = summary(report, sources, enforced);
    let incidents = report.incidents.iter().take(MOST).map(|one| incident(one, false));
    shown.insert("incidents".into(), incidents.collect());
    shown.insert("decisions".into(), report.decisions.iter().take(MOST).map(decision).collect());
    let packs = report.packs.iter().enumerate().map(|(number, one)| {
        pack(one, report.states.get(number).copied().flatten(), Some(&times(&one.name)))
    });
    shown.insert("packs".into(), packs.collect());
    Value::Object(shown)
}

fn summary(report: &Report, sources: usize, enforced: Enforced) -> Map<String, Value> {
    let text = decided(report, sources);
    let log = |(pack, line): &(String, LogLine)| json!({ "pack": pack, "level": line.level.as_str(), "text": line.text });
    let Enforced { cpu, wall, memory, table, stack } = enforced;
    let summary = json!({
        "version": 1,
        "lines": report.lines,
        "matches": report.matches,
        "incident_count": report.incidents.len(),
        "decision_count": report.decisions.len(),
        "decisions_sha256": hex(&Sha256::digest(text.as_bytes())),
        "faults": report.faults.iter().map(fault).collect::<Vec<_>>(),
        "logs": report.logs.iter().map(log).collect::<Vec<_>>(),
        "enforced": { "cpu": cpu, "wall": wall, "memory": memory, "table": table, "stack": stack },
    });
    match summary {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// An incident; its evidence with or without texts.
pub(crate) fn incident(incident: &Incident, texts: bool) -> Value {
    let rule = &incident.origin.rule;
    let evidence = incident.evidence.iter().map(|one| self::evidence(one, texts));
    json!({
        "pack": incident.origin.pack,
        "rule": rule.id,
        "rule_title": rule.title,
        "severity": incident.severity.as_str(),
        "fingerprint": incident.fingerprint.as_deref().map(String::from_utf8_lossy),
        "title": incident.title,
        "summary": incident.summary,
        "count": incident.count,
        "first": time(incident.first),
        "last": time(incident.last),
        "values": pairs(&incident.values),
        "tags": rule.tags,
        "overflow": incident.overflow,
        "evidence": evidence.collect::<Vec<_>>(),
        "evidence_dropped": incident.evidence_dropped,
    })
}

fn decision(decision: &Decision) -> Value {
    json!({
        "pack": decision.origin.pack,
        "rule": decision.origin.rule.id,
        "severity": decision.severity.as_str(),
        "fingerprint": decision.fingerprint.as_deref().map(String::from_utf8_lossy),
        "title": decision.title,
        "summary": decision.summary,
        "values": pairs(&decision.values),
        "time": time(decision.time),
        "at": decision.trigger.map(|position| place(&position)),
        "evidence": decision.evidence.iter().map(|one| place(&one.position)).collect::<Vec<_>>(),
        "evidence_dropped": decision.evidence_gone,
    })
}

fn evidence(evidence: &Evidence, texts: bool) -> Value {
    let mut shown = place(&evidence.position);
    if texts {
        shown["text"] = evidence.text.as_deref().map(String::from_utf8_lossy).into();
        shown["cut"] = evidence.cut.into();
    }
    shown
}

fn place(position: &Position) -> Value {
    json!({ "source": position.source, "line": position.line })
}

pub(crate) fn fault(fault: &PackFault) -> Value {
    json!({
        "pack": fault.pack,
        "rule": fault.rule,
        "fault": fault.fault.code(),
        "message": fault.fault.to_string(),
        "hint": hint(&fault.fault),
        "at": fault.event.map(|position| place(&position)),
        "quarantined": fault.quarantined,
        "state_lost": fault.state_lost,
    })
}

/// What an author may do about it, where that is known.
fn hint(fault: &Fault) -> Option<&'static str> {
    let trap = match fault {
        Fault::Refused(_) => return Some("the pack's own words; give it other settings"),
        Fault::Start(trap)
        | Fault::Open(trap)
        | Fault::Check(trap)
        | Fault::Save(trap)
        | Fault::Replay(trap) => trap,
        _ => return None,
    };
    match trap {
        Trap::Panic(_) | Trap::Wasm(_) | Trap::Pointer { .. } => {
            Some("a bug of the pack: save the line as a case, and run `tripline pack test`")
        }
        Trap::Memory { .. } | Trap::Answer { what: "state", .. } => {
            Some("the pack remembers too much: bound its windows and tables")
        }
        _ => None,
    }
}

fn pack(pack: &PackReport, state: Option<usize>, times: Option<&Times>) -> Value {
    let mut shown = json!({
        "pack": pack.name,
        "version": pack.version,
        "events": pack.judging.events,
        "matches": pack.judging.matches,
        "batches": pack.judging.batches,
        "decisions": pack.judging.decisions,
        "faults": pack.judging.faults,
        "logs_dropped": pack.judging.logs_dropped,
        "match_seconds": pack.matching.time.as_secs_f64(),
        "seconds": pack.judging.cpu.as_secs_f64(),
        "memory": pack.judging.memory,
        "state_bytes": state,
        "starts": pack.judging.starts,
        "suspended": pack.matching.suspended,
        "quarantined": pack.judging.quarantined,
    });
    if let Some(times) = times {
        let each = times.each.iter().map(|(entries, time)| json!([entries, time.as_secs_f64()]));
        shown["calls"] = json!({
            "count": times.count,
            "total_seconds": times.total.as_secs_f64(),
            "longest_seconds": times.longest.as_secs_f64(),
            "over": times.over,
            "each": each.collect::<Vec<_>>(),
        });
    }
    shown
}

fn pairs(values: &[(String, String)]) -> Vec<Value> {
    values.iter().map(|(name, value)| json!([name, value])).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
