//! A source from which nothing comes any more is found out by the server itself; and so is an entry of the configuration
//! that names no file.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use tripline_engine::abi::Severity;
use tripline_engine::abi::manifest::{Rule, Status};
use tripline_engine::decision::{Decision, HOST, Origin};

use super::following::Follow;
use crate::commit::Tenant;

/// The rule's id, under the pack's name [`HOST`].
const RULE: &str = "source-silent";
const SECOND: i64 = 1_000_000_000;

/// Nothing has come from this source for so many nanoseconds.
pub(super) fn silent(source: &str, silence: i64, now: i64) -> Decision {
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
    let seconds = silence / SECOND;
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

/// Entries that may not be silent for ever, and name files by a glob or a folder: as long as none is there, no file of theirs
/// can be missed.
#[derive(Default)]
pub(super) struct Entries(HashMap<(Tenant, Vec<PathBuf>), Empty>);

/// An entry that names nothing.
struct Empty {
    /// Since when, by the clock that nobody sets.
    since: i64,
    is_told: bool,
}

impl Entries {
    /// Entries that name nothing for longer than they may, each once; `is_empty`: whether one names nothing now.
    pub(super) fn missed<'f>(
        &mut self,
        follow: &'f [Follow],
        steady: i64,
        is_empty: impl Fn(&Follow) -> bool,
    ) -> Vec<(&'f Follow, i64)> {
        let key = |one: &Follow| (one.tenant.clone(), one.paths.clone());
        let waits = follow.iter().filter(|one| one.silent_after.is_some() && is_empty(one));
        let waits: HashMap<_, &Follow> = waits.map(|one| (key(one), one)).collect();
        self.0.retain(|key, _| waits.contains_key(key));
        let mut missed = Vec::new();
        for (key, one) in waits {
            let empty = self.0.entry(key).or_insert(Empty { since: steady, is_told: false });
            let silence = steady - empty.since;
            if !empty.is_told && one.silent_after.is_some_and(|after| silence >= after) {
                empty.is_told = true;
                missed.push((one, silence));
            }
        }
        missed
    }
}

/// What an entry is called.
pub(super) fn name(one: &Follow) -> String {
    one.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
