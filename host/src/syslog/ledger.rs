//! What a listener has to tell, so that nobody can fill the log by misbehaving.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};
use std::time::{Duration, Instant};

use super::{SyslogNote, SyslogSource, Tell, Trouble};
use crate::commit::Tenant;

/// Of each kind of trouble the first is told at once; how many more there were, later and together.
pub(super) struct Ledger {
    tenant: Tenant,
    source: String,
    tell: Tell,
    every: Duration,
    kinds: HashMap<Discriminant<Trouble>, Kind>,
}

#[derive(Default)]
struct Kind {
    latest: Option<Trouble>,
    count: u64,
    told: Option<Instant>,
}

impl Ledger {
    pub(super) fn new(source: &SyslogSource, tell: Tell, every: Duration) -> Ledger {
        Ledger { tenant: source.tenant.clone(), source: source.name(), tell, every, kinds: HashMap::new() }
    }

    pub(super) fn add(&mut self, trouble: Trouble, count: u64) {
        if count > 0 {
            let kind = self.kinds.entry(discriminant(&trouble)).or_default();
            kind.latest = Some(trouble);
            kind.count += count;
            self.tell_due(Some(Instant::now()));
        }
    }

    /// Tells what is due by now; `None`: all that was not told yet.
    pub(super) fn tell_due(&mut self, now: Option<Instant>) {
        let Ledger { tenant, source, tell, every, kinds } = self;
        for kind in kinds.values_mut() {
            let waits = now.zip(kind.told).is_some_and(|(now, told)| now.duration_since(told) < *every);
            if waits {
                continue;
            }
            if let Some(trouble) = kind.latest.take() {
                kind.told = now;
                let count = std::mem::take(&mut kind.count);
                tell(SyslogNote { tenant: tenant.clone(), source: source.clone(), trouble, count });
            }
        }
    }
}
