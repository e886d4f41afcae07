//! Packs that stop judging since they are not signed as is demanded: their tenant is told.

use std::sync::Arc;

use tripline_engine::abi::Severity;
use tripline_engine::abi::manifest::{Rule, Status};
use tripline_engine::decision::{Decision, HOST, Origin};

use super::{LeftOut, PackRefused};
use crate::commit::{Commit, Store, StoreError};
use crate::security_log::Deed;
use crate::signing::Unsigned;
use crate::store::Database;

/// The rule's id, under the pack's name [`HOST`].
const RULE: &str = "pack-unsigned";

/// Each of these that is left out for its signature becomes an incident of its tenant, and a record.
pub(super) fn tell(database: &Database, left_out: &[LeftOut]) -> Result<(), StoreError> {
    for LeftOut { tenant, name, why } in left_out {
        let PackRefused::Unsigned(why) = why else { continue };
        let decisions = vec![decision(name, why, database.now())];
        database.commit(tenant, Commit { decisions, ..Commit::default() })?;
        database.note(vec![Deed::pack_unsigned(name).of(tenant)])?;
    }
    Ok(())
}

fn decision(name: &str, why: &Unsigned, now: i64) -> Decision {
    let rule = Rule {
        id: RULE.into(),
        title: "A pack is not signed as is demanded".into(),
        description: "Who runs the server demands that packs are signed, and nobody who may has signed this one: it \
                      judges no more until it is signed and pushed again, or an older version of it that is signed \
                      counts."
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
        fingerprint: Some(name.as_bytes().to_vec()),
        title: format!("Rule pack {name} does not judge: its signature"),
        summary: format!("{why}."),
        values: vec![("pack".into(), name.into())],
        time: Some(now),
        trigger: None,
        ordinal: 0,
        evidence: Vec::new(),
        evidence_gone: 0,
        weight: 1,
    }
}
