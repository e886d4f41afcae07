//! What tenants and their packs have used, as it is read.

use std::cmp::Ordering;
use std::ops::{AddAssign, Sub};
use std::time::Duration;

use crate::commit::Tenant;

/// What is counted of a pack for one tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PackCounts {
    /// Events it was handed.
    pub events: u64,
    /// Matches of its patterns on them.
    pub matches: u64,
    /// Decisions it took.
    pub decisions: u64,
    /// Its faults.
    pub faults: u64,
    /// CPU time in the pack.
    pub cpu: Duration,
    /// Time in its patterns, of all threads.
    pub matching: Duration,
    /// CPU time in compiling its modules, also those that were refused.
    pub compiling: Duration,
}

/// What is counted of a tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TenantCounts {
    /// Lines that came.
    pub lines: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Time in matching them, of all threads: the look at the raw bytes, decoding, and the patterns of all packs.
    pub matching: Duration,
    /// Mails that were sent.
    pub mails: u64,
    /// Scans that were made.
    pub scans: u64,
}

/// What a pack has used for one tenant since the server began.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PackUsage {
    /// Its name; `None`: these are all those together that everybody has.
    pub pack: Option<String>,
    /// Which.
    pub version: Option<String>,
    /// Whether it is the tenant's own.
    pub is_own: bool,
    /// Whether it is quarantined or suspended.
    pub is_out: bool,
    /// Since the server began.
    pub counts: PackCounts,
    /// Within the window.
    pub lately: PackCounts,
    /// Bytes of memory of the instance that lives.
    pub memory: u64,
    /// Bytes that are kept of what it remembers.
    pub state: u64,
}

/// What a tenant has used since the server began.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantUsage {
    /// Whose it is.
    pub tenant: Tenant,
    /// Whether figures with the tenant's name are given to whoever keeps them: names are bounded.
    pub is_named: bool,
    /// Since the server began.
    pub counts: TenantCounts,
    /// Within the window.
    pub lately: TenantCounts,
    /// Bytes that are kept of it, of whatever kind; `None`: it is not known.
    pub stored: Option<u64>,
    /// What packs have used that the tenant has no more.
    pub gone: PackCounts,
    /// Those that it has, what everybody has first.
    pub packs: Vec<PackUsage>,
}

/// By what those that use most come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// CPU time in packs.
    #[default]
    Cpu,
    /// Time in matching.
    Match,
    /// Memory of instances.
    Memory,
    /// Bytes that are kept; of a pack, of what it remembers.
    Stored,
    /// Lines; of a pack, events it is handed.
    Lines,
}

/// What tenants have used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// How long the window is.
    pub window: Duration,
    /// Each one, by name until it is sorted otherwise.
    pub tenants: Vec<TenantUsage>,
}

impl Usage {
    /// So many bytes are kept of each; of those that have none, and of nobody else, nothing is.
    pub fn keep<'t>(&mut self, stored: impl Iterator<Item = (&'t Tenant, u64)>) {
        self.tenants.iter_mut().for_each(|one| one.stored = Some(0));
        for (tenant, bytes) in stored {
            match self.tenants.binary_search_by(|one| one.tenant.cmp(tenant)) {
                Ok(at) => self.tenants[at].stored = Some(bytes),
                Err(at) => {
                    let none = TenantUsage::none(tenant.clone());
                    self.tenants.insert(at, TenantUsage { stored: Some(bytes), ..none });
                }
            }
        }
    }

    /// Those first that use most now; of those that use the same, those that have used most.
    pub fn sort(&mut self, by: By) {
        self.tenants.sort_by(|a, b| b.used(by).total_cmp(&a.used(by)).then_with(|| a.tenant.cmp(&b.tenant)));
        for tenant in &mut self.tenants {
            tenant.packs.sort_by(|a, b| b.used(by).total_cmp(&a.used(by)).then_with(|| a.pack.cmp(&b.pack)));
        }
    }
}

/// How much is used: now, and since the server began.
struct Used(f64, f64);

impl Used {
    fn total_cmp(&self, other: &Used) -> Ordering {
        self.0.total_cmp(&other.0).then(self.1.total_cmp(&other.1))
    }
}

impl PackUsage {
    fn used(&self, by: By) -> Used {
        let PackUsage { counts, lately, .. } = self;
        match by {
            By::Cpu => Used(lately.cpu.as_secs_f64(), counts.cpu.as_secs_f64()),
            By::Match => Used(lately.matching.as_secs_f64(), counts.matching.as_secs_f64()),
            By::Memory => Used(self.memory as f64, 0.0),
            By::Stored => Used(self.state as f64, 0.0),
            By::Lines => Used(lately.events as f64, counts.events as f64),
        }
    }
}

impl TenantUsage {
    /// Of a tenant of which nothing has come.
    pub fn none(tenant: Tenant) -> TenantUsage {
        let (counts, lately) = (TenantCounts::default(), TenantCounts::default());
        let gone = PackCounts::default();
        TenantUsage { tenant, is_named: false, counts, lately, stored: None, gone, packs: Vec::new() }
    }

    /// As the tenant itself sees it: which packs everybody has is not told, but what they cost it is.
    #[must_use]
    pub fn for_itself(mut self) -> TenantUsage {
        let mut all = PackUsage::default();
        for pack in self.packs.extract_if(.., |pack| !pack.is_own) {
            all.counts += pack.counts;
            all.lately += pack.lately;
            all.memory += pack.memory;
            all.state += pack.state;
            all.is_out |= pack.is_out;
        }
        self.packs.insert(0, all);
        self
    }

    fn used(&self, by: By) -> Used {
        let (counts, lately) = (self.judged(), self.judged_lately());
        match by {
            By::Cpu => Used(lately.cpu.as_secs_f64(), counts.cpu.as_secs_f64()),
            By::Match => Used(self.lately.matching.as_secs_f64(), self.counts.matching.as_secs_f64()),
            By::Memory => Used(self.memory() as f64, 0.0),
            By::Stored => Used(self.stored.unwrap_or(0) as f64, self.state() as f64),
            By::Lines => Used(self.lately.lines as f64, self.counts.lines as f64),
        }
    }

    /// What all its packs have used, also those that are gone.
    pub fn judged(&self) -> PackCounts {
        let mut sum = self.gone;
        self.packs.iter().for_each(|pack| sum += pack.counts);
        sum
    }

    /// The same within the window.
    pub fn judged_lately(&self) -> PackCounts {
        let mut sum = PackCounts::default();
        self.packs.iter().for_each(|pack| sum += pack.lately);
        sum
    }

    /// Bytes of memory of its instances.
    pub fn memory(&self) -> u64 {
        self.packs.iter().map(|pack| pack.memory).sum()
    }

    /// Bytes that are kept of what its packs remember.
    pub fn state(&self) -> u64 {
        self.packs.iter().map(|pack| pack.state).sum()
    }
}

impl AddAssign for PackCounts {
    fn add_assign(&mut self, other: PackCounts) {
        self.events += other.events;
        self.matches += other.matches;
        self.decisions += other.decisions;
        self.faults += other.faults;
        self.cpu += other.cpu;
        self.matching += other.matching;
        self.compiling += other.compiling;
    }
}

impl AddAssign for TenantCounts {
    fn add_assign(&mut self, other: TenantCounts) {
        self.lines += other.lines;
        self.bytes += other.bytes;
        self.matching += other.matching;
        self.mails += other.mails;
        self.scans += other.scans;
    }
}

/// What was added since: counts do not fall.
impl Sub for PackCounts {
    type Output = PackCounts;

    fn sub(self, before: PackCounts) -> PackCounts {
        PackCounts {
            events: self.events.saturating_sub(before.events),
            matches: self.matches.saturating_sub(before.matches),
            decisions: self.decisions.saturating_sub(before.decisions),
            faults: self.faults.saturating_sub(before.faults),
            cpu: self.cpu.saturating_sub(before.cpu),
            matching: self.matching.saturating_sub(before.matching),
            compiling: self.compiling.saturating_sub(before.compiling),
        }
    }
}

/// What was added since: counts do not fall.
impl Sub for TenantCounts {
    type Output = TenantCounts;

    fn sub(self, before: TenantCounts) -> TenantCounts {
        TenantCounts {
            lines: self.lines.saturating_sub(before.lines),
            bytes: self.bytes.saturating_sub(before.bytes),
            matching: self.matching.saturating_sub(before.matching),
            mails: self.mails.saturating_sub(before.mails),
            scans: self.scans.saturating_sub(before.scans),
        }
    }
}
