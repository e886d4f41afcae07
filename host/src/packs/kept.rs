//! What tenants have pushed before, and what of that can judge.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tripline_engine::{Configured, Pack, PackLimits};

use super::{LeftOut, OwnPack, PackRefused};
use crate::commit::Tenant;
use crate::quota::{Quota, QuotaKind};
use crate::signing::{Demands, PublicKey, Signed};
use crate::store::Database;

/// Packs of one tenant's own. 64: each may have a memory of 64 MiB while it is used.
const MOST: usize = 64;

/// Whether a tenant that has these may have one of this name.
pub(super) fn has_room(kept: &[OwnPack], name: &str, quota: &Quota) -> Result<(), PackRefused> {
    if kept.iter().any(|one| one.name == name) {
        return Ok(());
    }
    quota.allows(QuotaKind::Packs, kept.len() as u64 + 1)?;
    match quota.most(QuotaKind::Packs).is_some() || kept.len() < MOST {
        true => Ok(()),
        false => Err(PackRefused::Many(MOST)),
    }
}

/// Who may sign for a tenant, now.
pub(super) fn signers(
    database: &Database,
    demands: &Demands,
    tenant: &Tenant,
) -> Result<Vec<PublicKey>, PackRefused> {
    Ok(demands.of(tenant, &database.signers(tenant)?).to_vec())
}

/// What can judge of what tenants have, by tenant, and what cannot.
pub(super) type Kept = (BTreeMap<Tenant, Vec<Configured>>, Vec<LeftOut>);

/// What all tenants have that can judge beside these packs, and what cannot.
pub(super) fn all(
    database: &Database,
    operators: &[Configured],
    demands: &Demands,
) -> Result<Kept, PackRefused> {
    let mut signers_of = BTreeMap::new();
    let packs = database.all_own_packs()?;
    for tenant in packs.iter().map(|one| &one.tenant) {
        if !signers_of.contains_key(tenant) {
            signers_of.insert(tenant.clone(), signers(database, demands, tenant)?);
        }
    }
    sorted(database, operators, packs, |tenant| signers_of.get(tenant).map_or(&[], |keys| keys))
}

/// The same of one tenant, of whom these demand signatures.
pub(super) fn of(
    database: &Database,
    operators: &[Configured],
    tenant: &Tenant,
    keys: &[PublicKey],
) -> Result<Kept, PackRefused> {
    sorted(database, operators, database.own_packs(tenant)?, |_| keys)
}

fn sorted<'k>(
    database: &Database,
    operators: &[Configured],
    packs: Vec<OwnPack>,
    keys: impl Fn(&Tenant) -> &'k [PublicKey],
) -> Result<Kept, PackRefused> {
    let (mut own, mut left_out) = (BTreeMap::<Tenant, Vec<Configured>>::new(), Vec::new());
    // A module that many tenants have is in memory once.
    let mut modules: HashMap<[u8; 32], Arc<Pack>> = HashMap::new();
    for kept in packs.into_iter().filter(|one| one.is_enabled) {
        let is_taken = operators.iter().any(|one| one.pack.name() == kept.name);
        let read = match is_taken {
            true => Err(PackRefused::Taken(kept.name.clone())),
            false => signed(&kept, keys(&kept.tenant)).and_then(|_| read(database, &kept, &mut modules)),
        };
        match read {
            Ok(one) => own.entry(kept.tenant).or_default().push(one),
            Err(PackRefused::Store(error)) => return Err(error.into()),
            Err(why) => left_out.push(LeftOut { tenant: kept.tenant, name: kept.name, why }),
        }
    }
    Ok((own, left_out))
}

/// How it stands to what these demand. What the database has says only who claims to vouch for it.
pub(super) fn standing(kept: &OwnPack, keys: &[PublicKey]) -> Signed {
    Signed::of(keys, kept.version.signature.as_ref(), &kept.statement())
}

/// The same; what may not judge is an error.
pub(super) fn signed(kept: &OwnPack, keys: &[PublicKey]) -> Result<Signed, PackRefused> {
    Ok(standing(kept, keys).may_judge()?)
}

/// Reads a pack's module, if it was not read before.
pub(super) fn read(
    database: &Database,
    kept: &OwnPack,
    modules: &mut HashMap<[u8; 32], Arc<Pack>>,
) -> Result<Configured, PackRefused> {
    let pack = match modules.get(&kept.version.digest) {
        Some(pack) => Arc::clone(pack),
        None => {
            let wasm = database.own_pack_module(&kept.tenant, &kept.name, kept.version.number)?;
            let unknown = || PackRefused::Unknown(format!("module of `{}`", kept.name));
            let pack = Pack::read_within(wasm.ok_or_else(unknown)?, &PackLimits::default());
            let pack = Arc::new(pack.map_err(PackRefused::Module)?);
            // Who vouches for it vouches for these bytes, whatever the database says of them.
            if pack.digest() != &kept.version.digest {
                return Err(unknown());
            }
            Arc::clone(modules.entry(kept.version.digest).or_insert(pack))
        }
    };
    Configured::new(pack, &kept.settings).map_err(PackRefused::Settings)
}
