//! A source from which nothing comes any more is found out by the server itself.

use std::sync::Arc;

use tripline_engine::abi::Severity;
use tripline_engine::abi::manifest::{Rule, Status};
use tripline_engine::decision::{Decision, HOST, Origin};

/// The rule's id, under the pack's name [`HOST`].
const RULE: &str = "source-silent";
const SECOND: i64 = 1_000_000_000;

/// Nothing has come from this source since then.
pub(super) fn silent(source: &str, since: i64, now: i64) -> Decision {
    let rule = Rule {
        id: RULE.into(),
        title: "A source is silent".into(),
        description:
            "Nothing has come from it for longer than its configuration allows: what writes to it may have \
                      stopped, or been stopped."
                .into(),
        severity: Severity::High,
        tags: Vec::new(),
        references: Vec::new(),
        false_positives: Vec::new(),
        status: Status::Stable,
        dedupe_window: None,
        resolve_after: None,
    };
    let seconds = now.saturating_sub(since) / SECOND;
    Decision {
        severity: rule.severity,
        origin: Arc::new(Origin { pack: HOST.into(), rule }),
        fingerprint: Some(source.as_bytes().to_vec()),
        title: format!("Source {source} is silent"),
        summary: format!("Nothing has come from it for {seconds} seconds."),
        values: vec![("source".into(), source.into()), ("seconds".into(), seconds.to_string())],
        time: Some(now),
        trigger: None,
        ordinal: 0,
        evidence: Vec::new(),
        evidence_gone: 0,
        weight: 1,
    }
}
