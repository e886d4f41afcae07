//! What tenants and their packs use, as metrics: at most so many names, and the rest together.

use std::fmt::Error;

use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::registry::Unit;

use super::exposition::{counter, gauge};
use crate::serve::{PackCounts, TenantCounts, TenantUsage, Usage};

/// Stands for tenants whose names figures may not have, and for their packs; no tenant and no pack is called so.
const OTHERS: &str = "_other";

/// What tenants and their packs have used.
pub(super) struct Accounted {
    tenants: Vec<(String, TenantCounts, Option<u64>)>,
    packs: Vec<(String, Pack)>,
}

#[derive(Clone, Default)]
struct Pack {
    name: String,
    counts: PackCounts,
    memory: u64,
    state: u64,
}

impl Accounted {
    pub(super) fn new(usage: &Usage) -> Accounted {
        let (mut tenants, mut packs) = (Vec::new(), Vec::new());
        let (named, others): (Vec<&TenantUsage>, Vec<_>) = usage.tenants.iter().partition(|one| one.is_named);
        for one in named {
            tenants.push((one.tenant.to_string(), one.counts, one.stored));
            packs.extend(all(one).map(|pack| (one.tenant.to_string(), pack)));
        }
        if !others.is_empty() {
            let (mut counts, mut stored) = (TenantCounts::default(), None::<u64>);
            let mut sum = Pack { name: OTHERS.into(), ..Pack::default() };
            for one in others {
                counts += one.counts;
                if let Some(bytes) = one.stored {
                    *stored.get_or_insert(0) += bytes;
                }
                for pack in all(one) {
                    sum.counts += pack.counts;
                    sum.memory += pack.memory;
                    sum.state += pack.state;
                }
            }
            tenants.push((OTHERS.into(), counts, stored));
            packs.push((OTHERS.into(), sum));
        }
        Accounted { tenants, packs }
    }

    pub(super) fn encode(&self, out: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let label = |name: &String| [("tenant", name.clone())];
        let all = || self.tenants.iter();
        let mut count = |name, help, of: fn(&TenantCounts) -> u64| {
            counter(out, name, help, None, all().map(|(tenant, counts, _)| (label(tenant), of(counts))))
        };
        count("tenant_lines", "Lines that came", |counts| counts.lines)?;
        count("tenant_bytes", "Their bytes", |counts| counts.bytes)?;
        count("tenant_mails", "Mails that were sent", |counts| counts.mails)?;
        count("tenant_scans", "Scans that were made", |counts| counts.scans)?;
        let matching = all().map(|(tenant, counts, _)| (label(tenant), counts.matching.as_secs_f64()));
        let help = "Time in matching its lines, of all threads";
        counter(out, "tenant_match", help, Some(&Unit::Seconds), matching)?;
        let stored = all().filter_map(|(tenant, _, stored)| Some((label(tenant), (*stored)? as i64)));
        gauge(out, "tenant_stored", "Bytes that the database keeps of it", Some(&Unit::Bytes), stored)?;
        self.by_pack(out)
    }

    fn by_pack(&self, out: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let label =
            |(tenant, pack): &(String, Pack)| [("tenant", tenant.clone()), ("pack", pack.name.clone())];
        let all = || self.packs.iter();
        let mut count = |name, help, of: fn(&PackCounts) -> u64| {
            counter(out, name, help, None, all().map(|one| (label(one), of(&one.1.counts))))
        };
        count("tenant_pack_events", "Events of the tenant that the pack was handed", |counts| counts.events)?;
        count("tenant_pack_matches", "Matches of its patterns on them", |counts| counts.matches)?;
        count("tenant_pack_decisions", "Decisions that it took", |counts| counts.decisions)?;
        count("tenant_pack_faults", "Its faults", |counts| counts.faults)?;
        let cpu = all().map(|one| (label(one), one.1.counts.cpu.as_secs_f64()));
        counter(out, "tenant_pack_cpu", "CPU time in the pack", Some(&Unit::Seconds), cpu)?;
        let matching = all().map(|one| (label(one), one.1.counts.matching.as_secs_f64()));
        let help = "Time in its patterns, of all threads";
        counter(out, "tenant_pack_match", help, Some(&Unit::Seconds), matching)?;
        let compiling = all().map(|one| (label(one), one.1.counts.compiling.as_secs_f64()));
        let help = "CPU time in compiling its modules";
        counter(out, "tenant_pack_compile", help, Some(&Unit::Seconds), compiling)?;
        let memory = all().map(|one| (label(one), one.1.memory as i64));
        gauge(out, "tenant_pack_memory", "Memory of its instance", Some(&Unit::Bytes), memory)?;
        let state = all().map(|one| (label(one), one.1.state as i64));
        gauge(out, "tenant_pack_state", "What is kept of what it remembers", Some(&Unit::Bytes), state)
    }
}

fn all(usage: &TenantUsage) -> impl Iterator<Item = Pack> {
    usage.packs.iter().map(|pack| Pack {
        name: pack.pack.clone().unwrap_or_default(),
        counts: pack.counts,
        memory: pack.memory,
        state: pack.state,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::commit::Tenant;
    use crate::serve::PackUsage;

    #[test]
    fn those_without_names_are_one_and_the_sum_is_of_all() {
        let tenant = |name: &str, is_named| {
            let counts = TenantCounts { lines: 3, ..TenantCounts::default() };
            let pack = PackUsage { pack: Some("door".into()), memory: 5, ..PackUsage::default() };
            let none = TenantUsage::none(Tenant::new(name).unwrap());
            TenantUsage { is_named, counts, stored: Some(7), packs: vec![pack], ..none }
        };
        let tenants = vec![tenant("a", true), tenant("b", false), tenant("c", false)];
        let found = Accounted::new(&Usage { window: Duration::ZERO, tenants });
        let tenants = found.tenants.iter().map(|(name, counts, stored)| (&name[..], counts.lines, *stored));
        assert_eq!(tenants.collect::<Vec<_>>(), [("a", 3, Some(7)), ("_other", 6, Some(14))]);
        let packs = found.packs.iter().map(|(name, pack)| (&name[..], &pack.name[..], pack.memory));
        assert_eq!(packs.collect::<Vec<_>>(), [("a", "door", 5), ("_other", "_other", 10)]);
    }
}
