//! Which packs judge for whom: the operator's for everybody, and behind them each tenant's own.
//!
//! ```text
//!   tenant a   sshd, app-errors              ─┐ equal sets: one index, a count of their costs for each
//!   tenant b   sshd, app-errors              ─┘
//!   tenant c   sshd, app-errors ▏door           an index of its own, over patterns that are compiled once for all
//! ```

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tripline_engine::matcher::{MatchCost, Matcher, MatcherError, PatternSizes};
use tripline_engine::{Configured, Fault};

use super::out::Out;
use super::prepared::{Compiled, Known};
use crate::commit::Tenant;

/// The packs of all tenants. Nothing of them is compiled before a line comes that is for them: tenants that bring nothing
/// cost a list of their packs.
pub struct PackSets {
    /// Of those that have none of their own.
    operators: Arc<Compiled>,
    /// What is the same for several of them, also of those that were before and will be.
    known: Arc<Known>,
    tenants: RwLock<Tenants>,
}

#[derive(Default)]
struct Tenants {
    /// Of those that have some of their own.
    own: BTreeMap<Tenant, Arc<Compiled>>,
    /// Tenants of which something has come.
    met: HashMap<Tenant, Arc<PackSet>>,
}

/// The packs that judge for one tenant. Nothing of it is another's but machine code and compiled patterns.
pub struct PackSet {
    compiled: Arc<Compiled>,
    matcher: OnceLock<Matcher>,
    /// So many of them everybody has.
    operators: usize,
    /// Which of them are out.
    out: Vec<Out>,
}

impl PackSets {
    /// These packs for everybody, and those for their tenants. Patterns that are not ours are tried.
    ///
    /// # Errors
    /// A tenant's packs cannot be matched.
    pub fn new(
        operators: Vec<Configured>,
        own: BTreeMap<Tenant, Vec<Configured>>,
    ) -> Result<PackSets, MatcherError> {
        PackSets::compile(Arc::default(), operators, own, HashMap::new(), true)
    }

    /// The same packs for everybody.
    ///
    /// # Errors
    /// They cannot be matched.
    pub fn shared(packs: Vec<Configured>) -> Result<PackSets, MatcherError> {
        PackSets::new(packs, BTreeMap::new())
    }

    /// Others in their place, of which those that are new are tried, if they are to be. What does not change is not
    /// compiled again; and of tenants of which this holds it goes on as it stood: what it has cost, and whether it is out.
    /// What is not to be tried is not compiled before it is needed, but for the operator's.
    ///
    /// # Errors
    /// A tenant's packs cannot be matched.
    pub fn changed(
        &self,
        operators: Vec<Configured>,
        own: BTreeMap<Tenant, Vec<Configured>>,
        tries_new: bool,
        goes_on: impl Fn(&Tenant) -> bool,
    ) -> Result<PackSets, MatcherError> {
        let mut met = self.read().met.clone();
        met.retain(|tenant, _| goes_on(tenant));
        PackSets::compile(Arc::clone(&self.known), operators, own, met, tries_new)
    }

    /// The same, but for one tenant's own packs, which are tried if they are new. All others go on as they stand, and
    /// nothing of them is looked at: there may be thousands.
    ///
    /// # Errors
    /// They cannot be matched.
    pub fn with_own(&self, tenant: &Tenant, packs: Vec<Configured>) -> Result<PackSets, MatcherError> {
        let (mut own, mut met) = {
            let tenants = self.read();
            (tenants.own.clone(), tenants.met.clone())
        };
        match packs.is_empty() {
            true => drop(own.remove(tenant)),
            false => {
                let set = self.known.set(Some(&self.operators), packs);
                set.tried()?;
                own.insert(tenant.clone(), set);
            }
        }
        met.remove(tenant);
        let (operators, known) = (Arc::clone(&self.operators), Arc::clone(&self.known));
        Ok(PackSets { operators, known, tenants: RwLock::new(Tenants { own, met }) })
    }

    /// A tenant's own packs, behind those that everybody has.
    pub(super) fn compiled(&self, tenant: &Tenant) -> Option<Arc<Compiled>> {
        self.read().own.get(tenant).map(Arc::clone)
    }

    /// From now on a tenant's own packs are these, behind the operator's, which are the same. Nothing of it may be underway.
    pub(super) fn go_over(&self, tenant: &Tenant, set: Option<Arc<Compiled>>) {
        let mut tenants = self.write();
        tenants.met.remove(tenant);
        match set {
            Some(set) => tenants.own.insert(tenant.clone(), set),
            None => tenants.own.remove(tenant),
        };
    }

    fn compile(
        known: Arc<Known>,
        operators: Vec<Configured>,
        own: BTreeMap<Tenant, Vec<Configured>>,
        mut met: HashMap<Tenant, Arc<PackSet>>,
        tries_new: bool,
    ) -> Result<PackSets, MatcherError> {
        let operators = known.set(None, operators);
        if !tries_new {
            operators.were_tried();
        }
        operators.tried()?;
        let mut sets = BTreeMap::new();
        for (tenant, packs) in own {
            let set = known.set(Some(&operators), packs);
            match tries_new {
                true => set.tried()?,
                false => set.were_tried(),
            }
            sets.insert(tenant, set);
        }
        let count = operators.packs().len();
        met.retain(|tenant, set| {
            Arc::ptr_eq(&set.compiled, sets.get(tenant).unwrap_or(&operators)) && set.operators == count
        });
        Ok(PackSets { operators, known, tenants: RwLock::new(Tenants { own: sets, met }) })
    }

    /// The packs that judge for this tenant.
    pub fn of(&self, tenant: &Tenant) -> Arc<PackSet> {
        if let Some(set) = self.read().met.get(tenant) {
            return Arc::clone(set);
        }
        let mut tenants = self.write();
        let Tenants { own, met } = &mut *tenants;
        let set = met.entry(tenant.clone()).or_insert_with(|| {
            let compiled = Arc::clone(own.get(tenant).unwrap_or(&self.operators));
            let out = compiled.packs().iter().map(|_| Out::default()).collect();
            let operators = self.operators.packs().len();
            Arc::new(PackSet { compiled, matcher: OnceLock::new(), operators, out })
        });
        Arc::clone(set)
    }

    /// The packs that everybody has.
    pub fn operators(&self) -> &[Configured] {
        self.operators.packs()
    }

    /// The packs that tenants have of their own.
    pub fn all_own(&self) -> BTreeMap<Tenant, Vec<Configured>> {
        let tenants = self.read();
        tenants.own.iter().map(|(tenant, set)| (tenant.clone(), self.behind(set))).collect()
    }

    /// A tenant's own packs.
    pub fn own(&self, tenant: &Tenant) -> Vec<Configured> {
        self.read().own.get(tenant).map(|set| self.behind(set)).unwrap_or_default()
    }

    /// What of a set lies behind what everybody has.
    fn behind(&self, set: &Compiled) -> Vec<Configured> {
        set.packs().get(self.operators.packs().len()..).unwrap_or_default().to_vec()
    }

    fn read(&self) -> RwLockReadGuard<'_, Tenants> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Tenants> {
        // Every change is whole.
        self.tenants.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PackSet {
    /// All of them, the operator's first.
    pub fn packs(&self) -> &[Configured] {
        self.compiled.packs()
    }

    /// Whether this one is the tenant's own.
    pub(super) fn is_own(&self, pack: usize) -> bool {
        pack >= self.operators
    }

    /// Their patterns, which are compiled now if they were not yet.
    pub(super) fn matcher(&self) -> &Matcher {
        self.matcher.get_or_init(|| self.compiled.matcher().for_another())
    }

    /// Whether their patterns are compiled and in their index.
    pub(super) fn is_built(&self) -> bool {
        self.matcher.get().is_some() || self.compiled.is_built()
    }

    /// Their patterns, if a line has met them.
    pub(super) fn met(&self) -> Option<&Matcher> {
        self.matcher.get()
    }

    /// Packs that a line would meet, and whose patterns do not compile: they did when they were pushed.
    pub(super) fn broken(&self) -> impl Iterator<Item = (usize, Fault)> {
        self.compiled.broken().iter().cloned()
    }

    /// How much these of its packs have put into its index, and bytes of all of that.
    pub(crate) fn sizes(&self, packs: impl Iterator<Item = usize>) -> (PatternSizes, usize) {
        let matcher = self.matcher();
        let sizes = matcher.sizes();
        let own = packs.filter_map(|pack| sizes.get(pack)).fold(PatternSizes::default(), |sum, one| {
            PatternSizes { patterns: sum.patterns + one.patterns, literals: sum.literals + one.literals }
        });
        (own, matcher.index_bytes())
    }

    /// What matching has cost each of them so far. Nothing is compiled to know that.
    pub(super) fn costs(&self) -> Vec<MatchCost> {
        let none = || vec![MatchCost::default(); self.packs().len()];
        self.met().map_or_else(none, Matcher::costs)
    }

    /// The same for all tenants with equal packs, and never another's.
    pub(super) fn number(&self) -> u64 {
        self.compiled.number()
    }

    /// Whether a pack is out, and until when.
    pub(super) fn out(&self, pack: usize) -> Option<&Out> {
        self.out.get(pack)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use serde_json::Map;
    use tripline_engine::Pack;

    use super::*;

    fn pack(name: &str) -> Configured {
        pack_of(&format!(
            r#"{{ "abi": 1, "pack": {{ "name": "{name}", "version": "1.0.0" }},
                "patterns": [{{ "name": "n", "contains": ["n="] }}], "wakes_on": ["n"],
                "rules": [{{ "id": "each", "title": "each", "severity": "low" }}] }}"#
        ))
    }

    fn pack_of(manifest: &str) -> Configured {
        let pack = Pack::from_manifest(manifest.as_bytes()).unwrap();
        Configured::new(Arc::new(pack), &Map::new()).unwrap()
    }

    fn tenant(name: &str) -> Tenant {
        Tenant::new(name).unwrap()
    }

    fn names(sets: &PackSets, tenant: &Tenant) -> Vec<String> {
        sets.of(tenant).packs().iter().map(|one| one.pack.name().to_string()).collect()
    }

    #[test]
    fn equal_sets_share_their_index_and_nothing_else() {
        let own = BTreeMap::from([(tenant("c"), vec![pack("door")]), (tenant("d"), vec![pack("door")])]);
        let sets = PackSets::new(vec![pack("all")], own).unwrap();
        assert_eq!(names(&sets, &tenant("a")), ["all"]);
        assert_eq!(names(&sets, &tenant("c")), ["all", "door"]);
        let number = |name| sets.of(&tenant(name)).number();
        assert_eq!((number("a"), number("c")), (number("b"), number("d")));
        assert_ne!(number("a"), number("c"));
        sets.of(&tenant("c")).out(1).unwrap().put_out(0, false);
        assert!(!sets.of(&tenant("d")).out(1).unwrap().is_out(0), "it is out for its own tenant");
    }

    #[test]
    fn what_does_not_change_goes_on_as_it_stood() {
        let (a, c) = (tenant("a"), tenant("c"));
        let own = BTreeMap::from([(c.clone(), vec![pack("door")])]);
        let sets = PackSets::new(vec![pack("all")], own).unwrap();
        let (of_a, of_c) = (sets.of(&a), sets.of(&c));
        let own = BTreeMap::from([(c.clone(), vec![pack("window")])]);
        let sets = sets.changed(vec![pack("all")], own, true, |_| true).unwrap();
        assert!(Arc::ptr_eq(&of_a, &sets.of(&a)));
        assert!(!Arc::ptr_eq(&of_c, &sets.of(&c)));
        assert_eq!(names(&sets, &c), ["all", "window"]);
        let own = sets.all_own();
        let sets = sets.changed(vec![pack("all")], own, true, |_| false).unwrap();
        assert!(!Arc::ptr_eq(&of_a, &sets.of(&a)), "unless it is not to");
    }

    /// Thousands of tenants may have packs and bring nothing.
    #[test]
    fn what_nobody_has_brought_lines_for_is_not_compiled() {
        let own = (0..100).map(|n| (tenant(&format!("t{n}")), vec![pack("door"), pack(&format!("p{n}"))]));
        let sets = PackSets::shared(vec![pack("all")]).unwrap();
        let sets = sets.changed(vec![pack("all")], own.collect(), false, |_| false).unwrap();
        assert_eq!(sets.known.compiled(), (1, 1), "the operator's pack and set");
        let first = sets.of(&tenant("t0"));
        assert!(first.met().is_none());
        assert_eq!(first.matcher().costs().len(), 3);
        assert_eq!(sets.known.compiled(), (3, 2));
        // The next one's index is over what is compiled.
        sets.of(&tenant("t1")).matcher();
        assert_eq!(sets.known.compiled(), (4, 3));
    }

    #[test]
    fn a_change_of_one_tenants_packs_touches_no_other() {
        let (a, c, d) = (tenant("a"), tenant("c"), tenant("d"));
        let own = BTreeMap::from([(c.clone(), vec![pack("door")]), (d.clone(), vec![pack("door")])]);
        let sets = PackSets::new(vec![pack("all")], own).unwrap();
        let before = [&a, &c, &d].map(|tenant| sets.of(tenant));
        let changed = sets.with_own(&c, vec![pack("door"), pack("window")]).unwrap();
        let after = [&a, &c, &d].map(|tenant| changed.of(tenant));
        let same: Vec<bool> = before.iter().zip(&after).map(|(one, other)| Arc::ptr_eq(one, other)).collect();
        assert_eq!(same, [true, false, true]);
        assert_eq!(names(&changed, &c), ["all", "door", "window"]);
        let none = changed.with_own(&c, Vec::new()).unwrap();
        assert_eq!((names(&none, &c), none.own(&c).len()), (vec!["all".into()], 0));
        // What is gone is not kept for ever.
        drop((sets, changed, before, after));
        (0..1_000).for_each(|n| drop(none.with_own(&c, vec![pack(&format!("p{n}"))]).unwrap()));
        assert!(none.known.len() < 300, "{}", none.known.len());
    }

    #[test]
    fn a_tenant_goes_over_alone_and_all_others_stay_as_they_stand() {
        let (a, c, d) = (tenant("a"), tenant("c"), tenant("d"));
        let own = BTreeMap::from([(c.clone(), vec![pack("door")]), (d.clone(), vec![pack("door")])]);
        let sets = PackSets::new(vec![pack("all")], own).unwrap();
        let before = [&a, &c, &d].map(|tenant| sets.of(tenant));
        let numbers = before.each_ref().map(|set| set.number());
        let changed = sets.with_own(&c, vec![pack("window")]).unwrap();
        // What comes meanwhile of somebody else is met here, and not there.
        let late = sets.of(&tenant("late"));
        sets.go_over(&c, changed.compiled(&c));
        let after = [&a, &c, &d].map(|tenant| sets.of(tenant));
        let same: Vec<bool> = before.iter().zip(&after).map(|(one, other)| Arc::ptr_eq(one, other)).collect();
        assert_eq!((same, names(&sets, &c)), (vec![true, false, true], vec!["all".into(), "window".into()]));
        assert!(Arc::ptr_eq(&late, &sets.of(&tenant("late"))));
        assert!(!numbers.contains(&after[1].number()));
        sets.go_over(&c, changed.with_own(&c, Vec::new()).unwrap().compiled(&c));
        assert_eq!((names(&sets, &c), sets.own(&c).len()), (vec!["all".into()], 0));
    }

    /// It did when it was pushed; by another version of this program it does not.
    #[test]
    fn a_pack_whose_patterns_do_not_compile_is_never_woken_and_keeps_nobody_else() {
        let c = tenant("c");
        let bad = pack_of(
            r#"{ "abi": 1, "pack": { "name": "bad", "version": "1.0.0" },
                "patterns": [{ "name": "n", "field": "ip", "cidr": { "setting": "/nets" } }], "wakes_on": ["n"],
                "rules": [{ "id": "each", "title": "each", "severity": "low" }],
                "settings": { "type": "object", "properties": {
                    "nets": { "type": "array", "items": { "type": "string" }, "default": ["no network"] } } } }"#,
        );
        let own = BTreeMap::from([(c.clone(), vec![bad.clone(), pack("door")])]);
        let sets = PackSets::shared(vec![pack("all")]).unwrap();
        assert!(sets.with_own(&c, vec![bad]).is_err(), "nobody pushes such");
        let sets = sets.changed(vec![pack("all")], own, false, |_| false).unwrap();
        let set = sets.of(&c);
        assert_eq!(set.matcher().costs().len(), 3);
        let broken: Vec<(usize, Fault)> = set.broken().collect();
        assert!(matches!(&broken[..], [(1, Fault::Load(_))]), "{broken:?}");
    }
}
