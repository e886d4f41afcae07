//! Which entry a file belongs to, where several may name it.
//!
//! Of one tenant's entries the first counts. Entries of two tenants leave open whose a file is: it is nobody's until the
//! configuration says so, as the order in which they stand says nothing of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tripline_engine::abi::Severity;
use tripline_engine::abi::manifest::{Rule, Status};
use tripline_engine::decision::{Decision, HOST, Origin};

use super::Event;
use super::following::Follow;
use crate::commit::Tenant;

/// The rule's id, under the pack's name [`HOST`].
const RULE: &str = "source-disputed";

/// Families that are named.
#[derive(Default)]
pub(super) struct Named<'f> {
    /// Each with the entry that it belongs to, in the order of the entries.
    pub(super) families: Vec<(PathBuf, &'f Follow)>,
    /// Those of several tenants, which belong to none of them.
    pub(super) disputed: BTreeMap<PathBuf, BTreeSet<Tenant>>,
}

impl<'f> Named<'f> {
    /// Looks what is named now; `is_first`: errors are told.
    pub(super) fn look(follow: &'f [Follow], is_first: bool, tell: &(dyn Fn(Event) + Sync)) -> Named<'f> {
        let mut disputed: BTreeMap<PathBuf, BTreeSet<Tenant>> = BTreeMap::new();
        let mut families = Vec::new();
        for one in follow {
            for stem in one.stems(is_first, tell) {
                let tenants = disputed.entry(stem.clone()).or_default();
                if tenants.is_empty() {
                    families.push((stem, one));
                }
                tenants.insert(one.tenant.clone());
            }
        }
        disputed.retain(|_, tenants| tenants.len() > 1);
        families.retain(|(stem, _)| !disputed.contains_key(stem));
        Named { families, disputed }
    }
}

/// What each of the tenants is told: nothing of who the others are.
pub(super) fn disputed(stem: &Path, now: i64) -> Decision {
    let path = stem.display().to_string();
    let rule = Rule {
        id: RULE.into(),
        title: "A file is named for several tenants".into(),
        description: "Entries of the configuration name it for more than one tenant, so nobody can say whose its lines \
                      are: it is not followed until one of them names it alone."
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
        fingerprint: Some(path.as_bytes().to_vec()),
        title: format!("{path} is not followed"),
        summary: "The configuration names it for several tenants.".into(),
        values: vec![("source".into(), path)],
        time: Some(now),
        trigger: None,
        ordinal: 0,
        evidence: Vec::new(),
        evidence_gone: 0,
        weight: 1,
    }
}
