//! The packs of a running server: who changes them, changes them here.

mod asking;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tripline_engine::sandbox::Sandbox;
use tripline_engine::{Configured, Pack, PackLimits};

use self::asking::{fits, raised};
use super::kept::{self, has_room, signed, signers};
use super::{Act, Compiler, NewVersion, OwnPack, PackRefused, unsigned};
use crate::builtin;
use crate::commit::Tenant;
use crate::incidents::Actor;
use crate::quota::QuotaKind;
use crate::serve::{Change, Control, Health, Intake, PackSets};
use crate::signing::{Demands, PublicKey, Signature, Signed, Statement, Unsigned};
use crate::store::Database;

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
    /// Where it is counted what that takes …
    pub health: Arc<Health>,
    /// … and with whose quotas it is paid for.
    pub intake: Intake,
}

/// The packs that a server judges by: the operator's, and those that tenants push while it runs.
pub struct Shelf {
    tools: Tools,
    counting: Mutex<Counting>,
}

/// What counts from the next barrier on, at the latest.
struct Counting {
    sets: Arc<PackSets>,
    /// What the configuration demands of tenants' packs.
    demands: Demands,
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
    counting: MutexGuard<'s, Counting>,
    changed: Counting,
    /// What is kept and would not judge.
    pub left_out: Vec<LeftOut>,
    control: &'s Control,
}

impl Ready<'_> {
    /// They count from the next barrier on, together with what else is to.
    pub fn count(mut self, with: Change) {
        let packs = Arc::clone(&self.changed.sets);
        *self.counting = self.changed;
        self.control.change(Change { packs: Some(packs), ..with });
    }
}

impl Shelf {
    /// The operator's packs, and what tenants have pushed before. What of that cannot judge any more, or is not signed as is
    /// demanded, is left out.
    ///
    /// # Errors
    /// The operator's packs cannot be matched, or the database cannot be read.
    pub fn open(
        tools: Tools,
        operators: Vec<Configured>,
        demands: Demands,
    ) -> Result<(Shelf, Vec<LeftOut>), PackRefused> {
        let sets = PackSets::shared(operators.clone()).map_err(PackRefused::Matcher)?;
        let (own, left_out) = kept::all(&tools.database, &operators, &demands)?;
        unsigned::tell(&tools.database, &left_out)?;
        // They were tried when they were pushed, and a machine that is busy is no fault of theirs.
        let sets = sets.changed(operators, own, false, |_| false).map_err(PackRefused::Matcher)?;
        let counting = Counting { sets: Arc::new(sets), demands };
        Ok((Shelf { tools, counting: Mutex::new(counting) }, left_out))
    }

    /// All packs, as they count from the next barrier on.
    pub fn sets(&self) -> Arc<PackSets> {
        Arc::clone(&self.lock().sets)
    }

    /// The operator is to have these packs, and to demand this of others, once that is said. What tenants have of the same
    /// names, or not signed as is demanded, is left out.
    ///
    /// # Errors
    /// They cannot be matched, or the database cannot be read.
    pub fn operators(&self, operators: Vec<Configured>, demands: Demands) -> Result<Ready<'_>, PackRefused> {
        // Tried alone: what tenants have was tried when it was pushed.
        let tried = PackSets::shared(operators.clone()).map_err(PackRefused::Matcher)?;
        drop(tried);
        let counting = self.lock();
        let (own, left_out) = kept::all(&self.tools.database, &operators, &demands)?;
        // Whoever asks for it wants those in again that are out.
        let sets = counting.sets.changed(operators, own, false, |_| false).map_err(PackRefused::Matcher)?;
        unsigned::tell(&self.tools.database, &left_out)?;
        let changed = Counting { sets: Arc::new(sets), demands };
        Ok(Ready { counting, changed, left_out, control: &self.tools.control })
    }

    /// What a tenant has of its own, by name, and how each stands to what is demanded of its signature.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn own(&self, tenant: &Tenant) -> Result<Vec<(OwnPack, Signed)>, PackRefused> {
        let keys = self.signers(tenant)?;
        let own = self.tools.database.own_packs(tenant)?.into_iter();
        Ok(own.map(|pack| (pack.clone(), kept::standing(&pack, &keys))).collect())
    }

    /// How a pack stands to what is demanded of its signature.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn signed(&self, pack: &OwnPack) -> Result<Signed, PackRefused> {
        Ok(kept::standing(pack, &self.signers(&pack.tenant)?))
    }

    /// From now on these have to sign what a tenant pushes that was added at run time; none: as the configuration says it of
    /// everybody. What it has and is not signed so is left out, and what is comes in.
    ///
    /// # Errors
    /// There is no such tenant, or the configuration says who signs for it.
    pub fn demand(
        &self,
        tenant: &Tenant,
        keys: &[PublicKey],
        actor: Actor,
    ) -> Result<Vec<LeftOut>, PackRefused> {
        let mut counting = self.lock();
        if counting.demands.tenants.contains_key(tenant) {
            return Err(PackRefused::Configured(tenant.clone()));
        }
        let (sets, database) = (&counting.sets, &self.tools.database);
        let demanded = counting.demands.of(tenant, keys);
        let (mut of_tenant, left_out) = kept::of(database, sets.operators(), tenant, demanded)?;
        let mut own = sets.all_own();
        match of_tenant.remove(tenant) {
            Some(packs) => own.insert(tenant.clone(), packs),
            None => own.remove(tenant),
        };
        // They were tried when they were pushed.
        let changed = sets.changed(sets.operators().to_vec(), own, false, |other| other != tenant);
        let changed = Arc::new(changed.map_err(PackRefused::Matcher)?);
        if !database.set_signers(tenant, keys, actor)? {
            return Err(PackRefused::Unknown(format!("tenant `{tenant}` that was added at run time")));
        }
        counting.sets = Arc::clone(&changed);
        self.tools.control.change_own(tenant, changed);
        // It is in force, so it is no error if this fails: all that is left out is told again when packs are read the next time.
        let _ = unsigned::tell(database, &left_out);
        Ok(left_out)
    }

    /// A tenant was deleted: what it had judges no more.
    ///
    /// # Errors
    /// What is left cannot be matched.
    pub fn forget(&self, tenant: &Tenant) -> Result<(), PackRefused> {
        let mut counting = self.lock();
        if !counting.sets.own(tenant).is_empty() {
            let changed = Arc::new(counting.sets.with_own(tenant, Vec::new()).map_err(PackRefused::Matcher)?);
            counting.sets = Arc::clone(&changed);
            self.tools.control.change_own(tenant, changed);
        }
        Ok(())
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
        signature: Option<Signature>,
        actor: Actor,
    ) -> Result<OwnPack, PackRefused> {
        let keys = self.signers(tenant)?;
        if !keys.is_empty() {
            // Nothing of a module is read for which nobody vouches who may.
            let missing = || Unsigned::Missing(keys.iter().map(PublicKey::id).collect());
            let signature = signature.as_ref().ok_or_else(missing)?;
            signature.holds(&keys)?;
            signature.is_of_bytes(&Sha256::digest(&wasm).into())?;
        }
        let quota = self.tools.database.quota(tenant)?;
        quota.allows(QuotaKind::Module, wasm.len() as u64)?;
        let pack = Arc::new(Pack::read_within(wasm, &PackLimits::default()).map_err(PackRefused::Module)?);
        if pack.name() != name {
            return Err(PackRefused::Name { asked: name.into(), found: pack.name().into() });
        }
        if builtin::NAMES.contains(&name) || self.sets().operators().iter().any(|one| one.pack.name() == name)
        {
            return Err(PackRefused::Taken(name.into()));
        }
        let statement = Statement::of(&pack);
        let kept = self.tools.database.own_packs(tenant)?;
        let known = kept.iter().find(|one| one.name == name);
        // What others may change meanwhile is asked before it is compiled, and again before it counts.
        let may = |keys: &[PublicKey]| -> Result<Signed, PackRefused> {
            let signed = Signed::of(keys, signature.as_ref(), &statement).may_judge()?;
            if let Some(known) = known.filter(|_| !keys.is_empty()) {
                raised(&self.tools.database, known, &pack, keys)?;
            }
            Ok(signed)
        };
        may(&keys)?;
        has_room(&kept, name, &quota)?;
        self.has_patterns(tenant, &pack, &quota)?;
        // For whom there is no room at all, nothing is compiled. Whether there is enough, says who keeps it and makes it.
        let mut versions = self.tools.database.own_pack_versions(tenant, name)?.into_iter();
        if !versions.any(|one| one.digest == *pack.digest()) {
            self.tools.database.may_store(tenant)??;
        }
        let settings = known.map(|one| one.settings.clone()).unwrap_or_default();
        let configured = Configured::new(Arc::clone(&pack), &settings).map_err(PackRefused::Settings)?;
        self.compile(tenant, &pack)?;
        self.opens(tenant, &configured, &quota)?;
        let (version, wasm) = (pack.manifest().pack.version.to_string(), pack.wasm().to_vec());
        let is_enabled = known.is_none_or(|one| one.is_enabled);
        self.count((tenant, name), known, is_enabled.then_some(configured), may, |database, signed| {
            let (name, digest, signature) = (name.into(), *pack.digest(), signature.clone());
            let signer = if let Signed::By(key) = signed { Some(key) } else { None };
            let new = NewVersion { name, version, digest, wasm, signature, signer };
            database.push_pack(tenant, new, actor).map(drop)
        })?;
        self.find(tenant, name)
    }

    /// Another version of a tenant's pack counts: the last that was pushed before the one that counts now, and is signed as is
    /// demanded.
    ///
    /// # Errors
    /// There is none, or it does not judge any more, and what was there goes on.
    pub fn roll_back(&self, tenant: &Tenant, name: &str, actor: Actor) -> Result<OwnPack, PackRefused> {
        let kept = self.find(tenant, name)?;
        let versions = self.tools.database.own_pack_versions(tenant, name)?;
        let before: Vec<OwnPack> = versions
            .into_iter()
            .filter(|one| one.number < kept.version.number)
            .map(|version| OwnPack { version, ..kept.clone() })
            .collect();
        let keys = self.signers(tenant)?;
        let unknown = || PackRefused::Unknown(format!("version of `{name}` before this one"));
        let to =
            before.iter().find(|one| signed(one, &keys).is_ok()).or(before.first()).ok_or_else(unknown)?;
        self.changed(&kept, to, Act::Version(to.version.number), actor)
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
            signed(to, &self.signers(tenant)?)?;
            let one = self.read(to)?;
            self.has_patterns(tenant, &one.pack, &self.tools.database.quota(tenant)?)?;
            if self.sets().operators().iter().any(|one| one.pack.name() == name) {
                return Err(PackRefused::Taken(name.into()));
            }
            self.compile(tenant, &one.pack)?;
            self.opens(tenant, &one, &self.tools.database.quota(tenant)?)?;
            configured = Some(one);
        } else if let Act::Settings(_) = &act {
            self.read(to)?;
        }
        // What does not judge needs nobody to vouch for it.
        let of = |keys: &[PublicKey]| if to.is_enabled { signed(to, keys) } else { Ok(Signed::No) };
        self.count((tenant, name), Some(was), configured, of, |database, _| {
            database.change_pack(tenant, name, act, actor).map(drop)
        })?;
        self.find(tenant, name)
    }

    /// From the next barrier on this is the tenant's pack of this name, once it is kept; `None`: none is. It is still kept as
    /// it `was`, and `may` says so, by the keys that are demanded then.
    fn count(
        &self,
        (tenant, name): (&Tenant, &str),
        was: Option<&OwnPack>,
        configured: Option<Configured>,
        may: impl FnOnce(&[PublicKey]) -> Result<Signed, PackRefused>,
        keep: impl FnOnce(&Database, Signed) -> Result<(), crate::commit::StoreError>,
    ) -> Result<(), PackRefused> {
        let own = |sets: &PackSets| {
            let mut own = sets.own(tenant);
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
        let mut counting = self.lock();
        let sets = &counting.sets;
        let kept = self.tools.database.own_packs(tenant)?;
        if kept.iter().find(|one| one.name == name) != was {
            return Err(PackRefused::Meanwhile(name.into()));
        }
        let signed = may(&signers(&self.tools.database, &counting.demands, tenant)?)?;
        has_room(&kept, name, &quota)?;
        let changed = Arc::new(sets.with_own(tenant, own(sets)).map_err(PackRefused::Matcher)?);
        if configured.is_some() {
            fits(&changed, tenant, &quota)?;
        }
        keep(&self.tools.database, signed)?;
        counting.sets = Arc::clone(&changed);
        self.tools.control.change_own(tenant, changed);
        Ok(())
    }

    fn read(&self, kept: &OwnPack) -> Result<Configured, PackRefused> {
        kept::read(&self.tools.database, kept, &mut HashMap::new())
    }

    /// Who may sign for a tenant, now.
    fn signers(&self, tenant: &Tenant) -> Result<Vec<PublicKey>, PackRefused> {
        let counting = self.lock();
        signers(&self.tools.database, &counting.demands, tenant)
    }

    fn lock(&self) -> MutexGuard<'_, Counting> {
        // Every change of it is whole.
        self.counting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
