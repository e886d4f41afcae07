//! The packs of a running server: who changes them, changes them here.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};
use tripline_engine::abi::OpenWriter;
use tripline_engine::sandbox::{Allowance, Sandbox, Trap};
use tripline_engine::{Configured, Pack, PackLimits};

use super::{Act, Compiler, NewVersion, OwnPack, PackRefused};
use crate::builtin;
use crate::commit::{PackState, Tenant};
use crate::incidents::Actor;
use crate::quota::{OverQuota, Quota, QuotaKind};
use crate::serve::{Change, Control, PackSets};
use crate::store::Database;

/// Packs of one tenant's own. 64: each may have a memory of 64 MiB while it is used.
const MOST: usize = 64;

/// With what packs are taken.
pub struct Tools {
    /// Where they are kept.
    pub database: Arc<Database>,
    /// What brings them to the server.
    pub control: Arc<Control>,
    /// Where they are opened.
    pub sandbox: Arc<dyn Sandbox>,
    /// What compiles them.
    pub compiler: Compiler,
}

/// The packs that a server judges by: the operator's, and those that tenants push while it runs.
pub struct Shelf {
    tools: Tools,
    /// As they count from the next barrier on, at the latest.
    sets: Mutex<Arc<PackSets>>,
}

/// A pack that is kept and does not judge, and why.
#[derive(Debug)]
pub struct LeftOut {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its name.
    pub name: String,
    /// Why.
    pub why: PackRefused,
}

/// Packs that could count. Nobody else changes any until that is said, or it is dropped.
pub struct Ready<'s> {
    sets: MutexGuard<'s, Arc<PackSets>>,
    changed: Arc<PackSets>,
    /// What is kept and would not judge.
    pub left_out: Vec<LeftOut>,
    control: &'s Control,
}

impl Ready<'_> {
    /// They count from the next barrier on, together with what else is to.
    pub fn count(mut self, with: Change) {
        *self.sets = Arc::clone(&self.changed);
        self.control.change(Change { packs: Some(self.changed), ..with });
    }
}

impl Shelf {
    /// The operator's packs, and what tenants have pushed before. What of that cannot judge any more is left out.
    ///
    /// # Errors
    /// The operator's packs cannot be matched, or the database cannot be read.
    pub fn open(tools: Tools, operators: Vec<Configured>) -> Result<(Shelf, Vec<LeftOut>), PackRefused> {
        let sets = PackSets::shared(operators.clone()).map_err(PackRefused::Matcher)?;
        let (own, left_out) = kept(&tools.database, &operators)?;
        // They were tried when they were pushed, and a machine that is busy is no fault of theirs.
        let sets = sets.changed(operators, own, false, |_| false).map_err(PackRefused::Matcher)?;
        Ok((Shelf { tools, sets: Mutex::new(Arc::new(sets)) }, left_out))
    }

    /// All packs, as they count from the next barrier on.
    pub fn sets(&self) -> Arc<PackSets> {
        Arc::clone(&self.lock())
    }

    /// The operator is to have these packs, once that is said. What tenants have of the same names is left out.
    ///
    /// # Errors
    /// They cannot be matched, or the database cannot be read.
    pub fn operators(&self, operators: Vec<Configured>) -> Result<Ready<'_>, PackRefused> {
        // Tried alone: what tenants have was tried when it was pushed.
        let tried = PackSets::shared(operators.clone()).map_err(PackRefused::Matcher)?;
        drop(tried);
        let sets = self.lock();
        let (own, left_out) = kept(&self.tools.database, &operators)?;
        // Whoever asks for it wants those in again that are out.
        let changed = sets.changed(operators, own, false, |_| false).map_err(PackRefused::Matcher)?;
        Ok(Ready { sets, changed: Arc::new(changed), left_out, control: &self.tools.control })
    }

    /// Takes a version of a tenant's pack, which judges from the next barrier on.
    ///
    /// # Errors
    /// It is not taken, and what was there goes on.
    pub fn push(
        &self,
        tenant: &Tenant,
        name: &str,
        wasm: Vec<u8>,
        actor: Actor,
    ) -> Result<OwnPack, PackRefused> {
        let quota = self.tools.database.quota(tenant)?;
        quota.allows(QuotaKind::Module, wasm.len() as u64)?;
        let stored = self.tools.database.stored_of(tenant)?.all();
        quota.allows(QuotaKind::Stored, stored.saturating_add(wasm.len() as u64))?;
        let pack = Arc::new(Pack::read_within(wasm, &PackLimits::default()).map_err(PackRefused::Module)?);
        if pack.name() != name {
            return Err(PackRefused::Name { asked: name.into(), found: pack.name().into() });
        }
        if builtin::NAMES.contains(&name) || self.sets().operators().iter().any(|one| one.pack.name() == name)
        {
            return Err(PackRefused::Taken(name.into()));
        }
        let kept = self.tools.database.own_packs(tenant)?;
        let known = kept.iter().find(|one| one.name == name);
        has_room(&kept, name, &quota)?;
        self.has_patterns(tenant, &pack, &quota)?;
        let settings = known.map(|one| one.settings.clone()).unwrap_or_default();
        let configured = Configured::new(Arc::clone(&pack), &settings).map_err(PackRefused::Settings)?;
        self.tools.compiler.compile(&pack).map_err(PackRefused::Compile)?;
        self.opens(tenant, &configured, &quota)?;
        let (version, wasm) = (pack.manifest().pack.version.to_string(), pack.wasm().to_vec());
        let new = NewVersion { name: name.into(), version, digest: *pack.digest(), wasm };
        let is_enabled = known.is_none_or(|one| one.is_enabled);
        self.count((tenant, name), known, is_enabled.then_some(configured), |database| {
            database.push_pack(tenant, new, actor).map(drop)
        })?;
        self.find(tenant, name)
    }

    /// Another version of a tenant's pack counts: the one that was pushed before the one that counts now.
    ///
    /// # Errors
    /// There is none, or it does not judge any more, and what was there goes on.
    pub fn roll_back(&self, tenant: &Tenant, name: &str, actor: Actor) -> Result<OwnPack, PackRefused> {
        let kept = self.find(tenant, name)?;
        let versions = self.tools.database.own_pack_versions(tenant, name)?;
        let before = versions.into_iter().find(|one| one.number < kept.version.number);
        let unknown = || PackRefused::Unknown(format!("version of `{name}` before this one"));
        let version = before.ok_or_else(unknown)?;
        let act = Act::Version(version.number);
        self.changed(&kept, &OwnPack { version, ..kept.clone() }, act, actor)
    }

    /// A tenant's pack judges, or judges no more. One that is out is in again.
    ///
    /// # Errors
    /// There is none, or it does not judge any more.
    pub fn enable(
        &self,
        tenant: &Tenant,
        name: &str,
        is_enabled: bool,
        actor: Actor,
    ) -> Result<OwnPack, PackRefused> {
        let kept = self.find(tenant, name)?;
        let act = if is_enabled { Act::Enable } else { Act::Disable };
        self.changed(&kept, &OwnPack { is_enabled, ..kept.clone() }, act, actor)
    }

    /// A tenant's pack has these settings.
    ///
    /// # Errors
    /// There is none, or it does not take them.
    pub fn set(
        &self,
        tenant: &Tenant,
        name: &str,
        settings: Map<String, Value>,
        actor: Actor,
    ) -> Result<OwnPack, PackRefused> {
        let kept = self.find(tenant, name)?;
        self.changed(
            &kept,
            &OwnPack { settings: settings.clone(), ..kept.clone() },
            Act::Settings(settings),
            actor,
        )
    }

    /// A tenant's pack, as it is kept.
    ///
    /// # Errors
    /// There is none.
    pub fn find(&self, tenant: &Tenant, name: &str) -> Result<OwnPack, PackRefused> {
        let kept = self.tools.database.own_packs(tenant)?.into_iter().find(|one| one.name == name);
        kept.ok_or_else(|| PackRefused::Unknown(format!("pack `{name}` of the tenant's own")))
    }

    /// The pack is to be as this says, if it still is as it was.
    fn changed(&self, was: &OwnPack, to: &OwnPack, act: Act, actor: Actor) -> Result<OwnPack, PackRefused> {
        let (tenant, name) = (&was.tenant, &*was.name);
        let mut configured = None;
        if to.is_enabled {
            let one = self.read(to)?;
            self.has_patterns(tenant, &one.pack, &self.tools.database.quota(tenant)?)?;
            if self.sets().operators().iter().any(|one| one.pack.name() == name) {
                return Err(PackRefused::Taken(name.into()));
            }
            self.tools.compiler.compile(&one.pack).map_err(PackRefused::Compile)?;
            self.opens(tenant, &one, &self.tools.database.quota(tenant)?)?;
            configured = Some(one);
        } else if let Act::Settings(_) = &act {
            self.read(to)?;
        }
        self.count((tenant, name), Some(was), configured, |database| {
            database.change_pack(tenant, name, act, actor).map(drop)
        })?;
        self.find(tenant, name)
    }

    /// From the next barrier on this is the tenant's pack of this name, once it is kept; `None`: none is. It is still kept as
    /// it `was`.
    fn count(
        &self,
        (tenant, name): (&Tenant, &str),
        was: Option<&OwnPack>,
        configured: Option<Configured>,
        keep: impl FnOnce(&Database) -> Result<(), crate::commit::StoreError>,
    ) -> Result<(), PackRefused> {
        let own = |sets: &PackSets| {
            let mut own = sets.own(tenant).to_vec();
            own.retain(|one| one.pack.name() != name);
            own.extend(configured.clone());
            own.sort_by(|one, other| one.pack.name().cmp(other.pack.name()));
            own
        };
        // Strangers' patterns are compiled and tried before anybody waits for that; what is compiled is known below.
        let before = self.sets();
        let tried = before.with_own(tenant, own(&before)).map_err(PackRefused::Matcher)?;
        let quota = self.tools.database.quota(tenant)?;
        if configured.is_some() {
            fits(&tried, tenant, &quota)?;
        }
        // One changes them at a time: what another changes meanwhile is not undone.
        let mut sets = self.lock();
        let kept = self.tools.database.own_packs(tenant)?;
        if kept.iter().find(|one| one.name == name) != was {
            return Err(PackRefused::Meanwhile(name.into()));
        }
        has_room(&kept, name, &quota)?;
        let changed = Arc::new(sets.with_own(tenant, own(&sets)).map_err(PackRefused::Matcher)?);
        if configured.is_some() {
            fits(&changed, tenant, &quota)?;
        }
        keep(&self.tools.database)?;
        *sets = Arc::clone(&changed);
        self.tools.control.change(Change { packs: Some(changed), ..Change::default() });
        Ok(())
    }

    /// Whether a tenant may have as many patterns as with this pack: before any of them is compiled.
    fn has_patterns(&self, tenant: &Tenant, pack: &Pack, quota: &Quota) -> Result<(), PackRefused> {
        let sets = self.sets();
        let others = sets.own(tenant).iter().filter(|one| one.pack.name() != pack.name());
        let others: usize = others.map(|one| one.pack.manifest().patterns.len()).sum();
        let patterns = others + pack.manifest().patterns.len();
        Ok(quota.allows(QuotaKind::Patterns, patterns as u64)?)
    }

    /// Whether it takes its settings and what is remembered.
    fn opens(&self, tenant: &Tenant, configured: &Configured, quota: &Quota) -> Result<(), PackRefused> {
        let states = self.tools.database.states(tenant)?;
        let (sets, name) = (self.sets(), configured.pack.name());
        let is_own = |name: &str| sets.own(tenant).iter().any(|one| one.pack.name() == name);
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

    fn read(&self, kept: &OwnPack) -> Result<Configured, PackRefused> {
        read(&self.tools.database, kept, &mut HashMap::new())
    }

    fn lock(&self) -> MutexGuard<'_, Arc<PackSets>> {
        // Every change of it is whole.
        self.sets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a tenant that has these may have one of this name.
fn has_room(kept: &[OwnPack], name: &str, quota: &Quota) -> Result<(), PackRefused> {
    if kept.iter().any(|one| one.name == name) {
        return Ok(());
    }
    quota.allows(QuotaKind::Packs, kept.len() as u64 + 1)?;
    match quota.most(QuotaKind::Packs).is_some() || kept.len() < MOST {
        true => Ok(()),
        false => Err(PackRefused::Many(MOST)),
    }
}

/// Whether a tenant may have what its packs have put into their index.
fn fits(sets: &PackSets, tenant: &Tenant, quota: &Quota) -> Result<(), PackRefused> {
    let first = sets.operators().len();
    let own = first..first + sets.own(tenant).len();
    let (sizes, index) = sets.of(tenant).sizes(own);
    quota.allows(QuotaKind::Patterns, sizes.patterns as u64)?;
    quota.allows(QuotaKind::Literals, sizes.literals as u64)?;
    Ok(quota.allows(QuotaKind::Index, index as u64)?)
}

/// What all tenants have that can judge beside these packs, and what cannot.
fn kept(database: &Database, operators: &[Configured]) -> Result<Kept, PackRefused> {
    let (mut own, mut left_out) = (BTreeMap::<Tenant, Vec<Configured>>::new(), Vec::new());
    // A module that many tenants have is in memory once.
    let mut modules: HashMap<[u8; 32], Arc<Pack>> = HashMap::new();
    for kept in database.all_own_packs()?.into_iter().filter(|one| one.is_enabled) {
        let is_taken = operators.iter().any(|one| one.pack.name() == kept.name);
        let read = match is_taken {
            true => Err(PackRefused::Taken(kept.name.clone())),
            false => read(database, &kept, &mut modules),
        };
        match read {
            Ok(one) => own.entry(kept.tenant).or_default().push(one),
            Err(PackRefused::Store(error)) => return Err(error.into()),
            Err(why) => left_out.push(LeftOut { tenant: kept.tenant, name: kept.name, why }),
        }
    }
    Ok((own, left_out))
}

type Kept = (BTreeMap<Tenant, Vec<Configured>>, Vec<LeftOut>);

/// Reads a pack's module, if it was not read before.
fn read(
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
            Arc::clone(modules.entry(kept.version.digest).or_insert(pack))
        }
    };
    Configured::new(pack, &kept.settings).map_err(PackRefused::Settings)
}
