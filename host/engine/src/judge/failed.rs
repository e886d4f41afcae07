//! What went wrong: whose fault it was, whether the pack is out, and what is kept of it.

use tripline_abi::Batch;

use super::quarantine::{self, Out};
use super::ring::Known;
use super::{Judge, Verdicts};
use crate::fault::{Fault, PackFault};
use crate::id::Position;

/// So many faults of a pack are kept: they wait in memory for the end of a run, which may be days away.
const FAULTS: u64 = 100;

impl Judge {
    /// The one event of this batch is what the pack cannot take.
    pub(super) fn skip(
        &mut self,
        batch: &[u8],
        fault: Fault,
        rule: Option<u32>,
        lost: bool,
        out: &mut Verdicts,
    ) {
        let id = Batch::parse(batch).ok().and_then(|batch| batch.entries().next().map(|entry| entry.id()));
        let position = match id.map(|id| self.ring.find(&id)) {
            Some(Known::Event { position, .. }) => Some(position),
            _ => None,
        };
        let rule = rule.and_then(|number| self.replies.rule(number)).map(String::from);
        self.record(fault, rule, position, lost, out);
    }

    /// It is no event's.
    pub(super) fn fault(&mut self, fault: Fault, rule: Option<String>, lost: bool, out: &mut Verdicts) {
        self.record(fault, rule, None, lost, out);
    }

    fn record(
        &mut self,
        fault: Fault,
        rule: Option<String>,
        event: Option<Position>,
        state_lost: bool,
        out: &mut Verdicts,
    ) {
        self.cost.faults += 1;
        let quarantined = event.is_none() || quarantine::is_due(self.cost.faults, self.cost.events);
        self.quarantined = quarantined;
        let pack = self.pack.name().to_string();
        if quarantined {
            let evidence = event.and_then(|position| self.ring.evidence(&position.id()));
            let (faults, time, trigger) = (self.cost.faults, self.latest, event.or(self.since));
            let why = Out { pack: &pack, fault: &fault, faults, time, trigger, evidence };
            out.decisions.push(why.decision());
        }
        self.keep(PackFault { pack, rule, event, fault, quarantined, state_lost }, out);
    }

    /// A fault that has been counted.
    pub(super) fn keep(&mut self, fault: PackFault, out: &mut Verdicts) {
        if self.faulted < FAULTS || fault.quarantined {
            self.faulted += 1;
            out.faults.push(fault);
        }
    }
}
