//! From a reply's bytes to decisions, all of them or none.

use std::collections::HashMap;
use std::sync::Arc;

use tripline_abi::manifest::{Manifest, Rule, Status};
use tripline_abi::{EventId, Reply, ReplyLimit, Severity};

use super::ring::{Known, Ring};
use crate::decision::{Decision, HOST, Origin};
use crate::fault::Fault;
use crate::id::{Position, tick_time};

/// Decisions that one event or tick may set off; more are folded into one that counts them.
pub const DECISIONS_PER_ENTRY: u32 = 64;

pub(super) struct ReplyReader {
    origins: Vec<Arc<Origin>>,
    overflow: Arc<Origin>,
}

impl ReplyReader {
    pub(super) fn new(manifest: &Manifest) -> ReplyReader {
        let pack = &manifest.pack.name;
        let origin = |rule: &Rule| Arc::new(Origin { pack: pack.clone(), rule: rule.clone() });
        let overflow = host_rule(
            "decision-overflow",
            "A pack decides too often",
            "One event set off more decisions than are taken one by one; the rest is counted here.",
            Severity::Medium,
        );
        ReplyReader { origins: manifest.rules.iter().map(origin).collect(), overflow }
    }

    pub(super) fn rule(&self, number: u32) -> Option<&str> {
        self.origins.get(number as usize).map(|origin| &origin.rule.id[..])
    }

    pub(super) fn read(&self, bytes: &[u8], pack: &str, ring: &Ring) -> Result<Vec<Decision>, Fault> {
        if bytes.is_empty() {
            return Ok(Vec::new());
        }
        let reply = Reply::parse(bytes, self.origins.len() as u32).map_err(Fault::Reply)?;
        let mut decisions = Vec::new();
        let mut counts: HashMap<EventId, (u32, usize)> = HashMap::new();
        let mut equal: HashMap<(EventId, u32, Option<&[u8]>), u32> = HashMap::new();
        for decision in reply.decisions() {
            let id = decision.trigger();
            let (time, trigger) = match (tick_time(&id), ring.find(&id)) {
                (Some(time), _) => (Some(time), None),
                (None, Known::Event { position, time }) => (time, Some(position)),
                // It was delivered before a restart, or long ago: its id still says where it stands.
                (None, Known::Gone) => (None, Some(Position::of(&id))),
                (None, Known::Foreign) => return Err(Fault::Foreign { what: "trigger" }),
            };
            let (count, overflow) = counts.entry(id).or_insert((0, usize::MAX));
            *count += 1;
            if *count > DECISIONS_PER_ENTRY {
                if *count == DECISIONS_PER_ENTRY + 1 {
                    *overflow = decisions.len();
                    decisions.push(self.overflow(pack, time, trigger));
                } else {
                    let over: &mut Decision = &mut decisions[*overflow];
                    over.weight += 1;
                    over.values[1].1 = over.weight.to_string();
                }
                continue;
            }
            let origin = Arc::clone(&self.origins[decision.rule() as usize]);
            let ordinal = equal.entry((id, decision.rule(), decision.fingerprint())).or_insert(0);
            *ordinal += 1;
            let named = decision.evidence();
            let most = named.size_hint().1.unwrap_or_default().min(ReplyLimit::EVIDENCE);
            let mut evidence = Vec::with_capacity(most);
            let mut gone = 0;
            for id in named {
                match (ring.evidence(&id), ring.find(&id)) {
                    (Some(known), _) => evidence.push(known),
                    (None, Known::Gone) => gone += 1,
                    (None, _) if tick_time(&id).is_some() => {}
                    (None, _) => return Err(Fault::Foreign { what: "evidence" }),
                }
            }
            let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
            let value =
                |(name, value)| (text(Some(name)).unwrap_or_default(), text(Some(value)).unwrap_or_default());
            decisions.push(Decision {
                severity: decision.severity().unwrap_or(origin.rule.severity),
                fingerprint: decision.fingerprint().map(<[u8]>::to_vec),
                title: text(decision.title()).unwrap_or_else(|| origin.rule.title.clone()),
                summary: text(decision.summary()).unwrap_or_default(),
                values: decision.values().map(value).collect(),
                time,
                trigger,
                evidence,
                evidence_gone: gone,
                weight: 1,
                ordinal: *ordinal - 1,
                origin,
            });
        }
        Ok(decisions)
    }

    fn overflow(&self, pack: &str, time: Option<i64>, trigger: Option<Position>) -> Decision {
        Decision {
            origin: Arc::clone(&self.overflow),
            severity: Severity::Medium,
            fingerprint: Some(pack.as_bytes().to_vec()),
            title: format!("Pack {pack} decides too often"),
            summary: String::new(),
            values: vec![("pack".into(), pack.into()), ("decisions".into(), "1".into())],
            time,
            trigger,
            evidence: Vec::new(),
            evidence_gone: 0,
            weight: 1,
            ordinal: 0,
        }
    }
}

/// A rule of the engine itself.
pub(crate) fn host_rule(id: &str, title: &str, description: &str, severity: Severity) -> Arc<Origin> {
    let rule = Rule {
        id: id.into(),
        title: title.into(),
        description: description.into(),
        severity,
        tags: Vec::new(),
        references: Vec::new(),
        false_positives: Vec::new(),
        status: Status::Stable,
        dedupe_window: None,
        resolve_after: None,
    };
    Arc::new(Origin { pack: HOST.into(), rule })
}
