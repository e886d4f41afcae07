//! What is asked of a pack before it counts: that it compiles, opens, fits its tenant's quotas, and is no older than what was signed.

use semver::Version;
use tripline_engine::abi::OpenWriter;
use tripline_engine::sandbox::{Allowance, Trap};
use tripline_engine::{Configured, Pack};

use super::{Shelf, Tools};
use crate::commit::{PackState, Store, Tenant};
use crate::packs::kept::signed;
use crate::packs::{Compiling, OwnPack, PackRefused};
use crate::quota::{OverQuota, Quota, QuotaKind};
use crate::serve::PackSets;
use crate::signing::PublicKey;
use crate::store::Database;

impl Shelf {
    /// Compiles a tenant's pack, at that tenant's expense.
    pub(super) fn compile(&self, tenant: &Tenant, pack: &Pack) -> Result<(), PackRefused> {
        let Tools { compiler, health, intake, .. } = &self.tools;
        let Compiling { end, cpu } = compiler.compile(pack);
        health.accounts().compiled(tenant, pack.name(), cpu);
        if let Some(quotas) = intake.quotas() {
            quotas.spend_cpu(tenant, cpu);
        }
        end.map_err(PackRefused::Compile)
    }

    /// Whether a tenant may have as many patterns as with this pack: before any of them is compiled.
    pub(super) fn has_patterns(
        &self,
        tenant: &Tenant,
        pack: &Pack,
        quota: &Quota,
    ) -> Result<(), PackRefused> {
        let sets = self.sets();
        let own = sets.own(tenant);
        let others = own.iter().filter(|one| one.pack.name() != pack.name());
        let others: usize = others.map(|one| one.pack.manifest().patterns.len()).sum();
        let patterns = others + pack.manifest().patterns.len();
        Ok(quota.allows(QuotaKind::Patterns, patterns as u64)?)
    }

    /// Whether it takes its settings and what is remembered.
    pub(super) fn opens(
        &self,
        tenant: &Tenant,
        configured: &Configured,
        quota: &Quota,
    ) -> Result<(), PackRefused> {
        let states = self.tools.database.states(tenant)?;
        let (packs, name) = (self.sets().own(tenant), configured.pack.name());
        let is_own = |name: &str| packs.iter().any(|one| one.pack.name() == name);
        let own = states.iter().filter(|state| state.pack == name || is_own(&state.pack));
        quota.allows(QuotaKind::State, own.map(PackState::bytes).sum())?;
        let remembered = states.iter().find(|state| state.pack == configured.pack.name());
        let state = remembered.and_then(|one| Some((one.state.as_deref()?, &*one.version)));
        let mut frame = OpenWriter::new();
        configured.settings.iter().for_each(|(name, value)| frame.setting(name, value));
        let frame = frame.finish(state.filter(|_| configured.pack.saves()));
        let module = self.tools.sandbox.load(&configured.pack);
        let module = module.map_err(|error| PackRefused::Open(error.to_string()))?;
        let most = quota.most(QuotaKind::Memory).unwrap_or(u64::MAX);
        let allowance = Allowance { memory: most, ..Allowance::default() };
        let opened = module.instantiate_within(allowance).and_then(|mut instance| instance.open(&frame));
        match opened {
            Ok(Ok(())) => Ok(()),
            Ok(Err(said)) => Err(PackRefused::Open(said)),
            Err(Trap::Memory { limit, found }) if limit == most => {
                Err(PackRefused::Quota(OverQuota { kind: QuotaKind::Memory, most, found }))
            }
            Err(trap) => Err(PackRefused::Open(trap.to_string())),
        }
    }
}

/// Whether a tenant may have what its packs have put into their index.
pub(super) fn fits(sets: &PackSets, tenant: &Tenant, quota: &Quota) -> Result<(), PackRefused> {
    let first = sets.operators().len();
    let own = first..first + sets.own(tenant).len();
    let (sizes, index) = sets.of(tenant).sizes(own);
    quota.allows(QuotaKind::Patterns, sizes.patterns as u64)?;
    quota.allows(QuotaKind::Literals, sizes.literals as u64)?;
    Ok(quota.allows(QuotaKind::Index, index as u64)?)
}

/// Whether a pack is a newer version than all that are kept and signed as these demand, or the one that counts itself: what
/// was signed once is not brought back by anybody who has kept it. Going back is an act of its own.
pub(super) fn raised(
    database: &Database,
    known: &OwnPack,
    pack: &Pack,
    keys: &[PublicKey],
) -> Result<(), PackRefused> {
    if known.version.digest == *pack.digest() {
        return Ok(());
    }
    let versions = database.own_pack_versions(&known.tenant, &known.name)?.into_iter();
    let kept = versions.map(|version| OwnPack { version, ..known.clone() });
    // What nobody who may has signed keeps nobody's version out.
    let vouched = kept.filter(|one| signed(one, keys).is_ok());
    let present = vouched.filter_map(|one| Version::parse(&one.version.version).ok());
    let found = &pack.manifest().pack.version;
    match present.max_by(Version::cmp_precedence) {
        Some(present) if found.cmp_precedence(&present).is_le() => {
            Err(PackRefused::Lower { present: present.to_string(), found: found.to_string() })
        }
        _ => Ok(()),
    }
}
