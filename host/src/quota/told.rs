//! What a tenant is told that uses more than it may.

use std::sync::Arc;

use tripline_engine::abi::Severity;
use tripline_engine::abi::manifest::{Rule, Status};
use tripline_engine::decision::{Decision, HOST, Origin};

use super::{OVER_QUOTA, QuotaKind};

/// A decision that tells a tenant of it; there is one incident for each kind.
pub(crate) fn told(kind: QuotaKind, most: u64, now: i64) -> Decision {
    let most_shown = kind.unit().show(most);
    let (title, what) = words(kind, &most_shown);
    let rule = Rule {
        id: OVER_QUOTA.into(),
        title: "More is used than the quota allows".into(),
        description: "What becomes of what is over it depends on what it is of: lines wait in files and in TCP's senders, \
                      are refused over HTTP, and are lost over UDP; evidence is not kept any more and what people write is \
                      refused, while incidents are counted on; mails wait for the next day; scans are not made. Something \
                      floods, or the quota is too small."
            .into(),
        severity: Severity::High,
        tags: Vec::new(),
        references: Vec::new(),
        false_positives: Vec::new(),
        status: Status::Stable,
        dedupe_window: None,
        resolve_after: None,
    };
    Decision {
        severity: rule.severity,
        origin: Arc::new(Origin { pack: HOST.into(), rule }),
        fingerprint: Some(kind.as_str().into()),
        title,
        summary: format!("The quota is {most_shown} {}; {what}.", kind.words()),
        values: vec![("kind".into(), kind.as_str().into()), ("quota".into(), most_shown)],
        time: Some(now),
        trigger: None,
        ordinal: 0,
        evidence: Vec::new(),
        evidence_gone: 0,
        weight: 1,
    }
}

/// What happens, and what becomes of what is over it.
fn words(kind: QuotaKind, most: &str) -> (String, &'static str) {
    match kind {
        QuotaKind::Lines => {
            (format!("More than {most} lines a second come"), "what is over it waits, is refused or is lost")
        }
        QuotaKind::Cpu => (
            format!("Judging takes more than {most} of a core"),
            "lines wait, are refused or are lost until it is less",
        ),
        QuotaKind::Stored => (
            format!("More than {most} are stored"),
            "what people and programs write is refused, evidence is not kept any more, and incidents are counted on",
        ),
        QuotaKind::Mails => {
            (format!("More than {most} mails a day are to be sent"), "what is over it goes the next day")
        }
        QuotaKind::Scans => {
            (format!("More than {most} scans a day are to be made"), "what is over it is not made")
        }
        QuotaKind::State => {
            (format!("Packs remember more than {most}"), "what is more is a fault of the pack")
        }
        QuotaKind::Memory => (
            format!("An instance of a pack needs more than {most}"),
            "it gets no more, which is a fault of the pack",
        ),
        QuotaKind::Packs
        | QuotaKind::Module
        | QuotaKind::Patterns
        | QuotaKind::Literals
        | QuotaKind::Index => {
            (format!("Packs take more than {most}"), "a push that would go over it is refused")
        }
    }
}
