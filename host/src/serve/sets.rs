//! Which packs judge for whom: the operator's for everybody, and behind them each tenant's own.
//!
//! ```text
//!   tenant a   sshd, app-errors              ─┐ equal sets: one index, a count of their costs for each
//!   tenant b   sshd, app-errors              ─┘
//!   tenant c   sshd, app-errors ▏door           an index of its own
//! ```

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tripline_engine::Configured;
use tripline_engine::matcher::{MatchLimits, Matcher, MatcherError, PatternSizes};
use tripline_engine::pattern::Rarity;

use super::out::Out;
use crate::builtin;
use crate::check::{MonotonicClock, settings_digest};
use crate::commit::Tenant;

/// The packs of all tenants, whose patterns are compiled: a server goes on with others without waiting for that.
pub struct PackSets {
    operators: Vec<Configured>,
    /// Of those that have some.
    own: BTreeMap<Tenant, Vec<Configured>>,
    /// What is compiled, by what is in it.
    compiled: HashMap<Key, Arc<Compiled>>,
    /// Tenants of which something has come.
    met: RwLock<HashMap<Tenant, Arc<PackSet>>>,
}

/// The packs that judge for one tenant. Nothing of it is another's but machine code and compiled patterns.
pub struct PackSet {
    compiled: Arc<Compiled>,
    matcher: Matcher,
    /// So many of them everybody has.
    operators: usize,
    /// Which of them are out.
    out: Vec<Out>,
}

/// Of each pack the digests of its module and settings, in their order.
type Key = Vec<([u8; 32], [u8; 32])>;

struct Compiled {
    key: Key,
    packs: Vec<Configured>,
    /// Counts nothing itself.
    matcher: Matcher,
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
        PackSets::compile(operators, own, HashMap::new(), HashMap::new(), true)
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
        let mut met = self.met.read().unwrap_or_else(PoisonError::into_inner).clone();
        met.retain(|tenant, _| goes_on(tenant));
        PackSets::compile(operators, own, self.compiled.clone(), met, tries_new)
    }

    /// The same, which also has at hand what others have compiled and tried.
    pub fn knowing(&self, others: &PackSets) -> PackSets {
        let met = self.met.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut compiled = others.compiled.clone();
        compiled.extend(self.compiled.iter().map(|(key, one)| (key.clone(), Arc::clone(one))));
        let (operators, own) = (self.operators.clone(), self.own.clone());
        PackSets { operators, own, compiled, met: RwLock::new(met) }
    }

    fn compile(
        operators: Vec<Configured>,
        own: BTreeMap<Tenant, Vec<Configured>>,
        known: HashMap<Key, Arc<Compiled>>,
        mut met: HashMap<Tenant, Arc<PackSet>>,
        tries_new: bool,
    ) -> Result<PackSets, MatcherError> {
        let was_there: HashSet<_> = known.keys().flatten().copied().collect();
        let is_tried = |one: &_| tries_new && !was_there.contains(one);
        let mut compiled: HashMap<Key, Arc<Compiled>> = HashMap::new();
        for own in std::iter::once(&Vec::new()).chain(own.values()) {
            let packs: Vec<Configured> = operators.iter().chain(own).cloned().collect();
            let key = key(&packs);
            let Entry::Vacant(vacant) = compiled.entry(key) else { continue };
            let one = match known.get(vacant.key()) {
                Some(one) => Arc::clone(one),
                None => {
                    let key = vacant.key().clone();
                    Arc::new(Compiled { matcher: matcher(&packs, &key, is_tried)?, key, packs })
                }
            };
            vacant.insert(one);
        }
        let mut sets = PackSets { operators, own, compiled, met: RwLock::default() };
        let operators = sets.operators.len();
        met.retain(|tenant, set| set.operators == operators && set.compiled.key == key(&sets.list(tenant)));
        sets.met = RwLock::new(met);
        Ok(sets)
    }

    /// The packs that judge for this tenant.
    pub fn of(&self, tenant: &Tenant) -> Arc<PackSet> {
        if let Some(set) = self.met.read().unwrap_or_else(PoisonError::into_inner).get(tenant) {
            return Arc::clone(set);
        }
        let mut met = self.met.write().unwrap_or_else(PoisonError::into_inner);
        let set = met.entry(tenant.clone()).or_insert_with(|| {
            let packs = self.list(tenant);
            // Each list was compiled when this was made.
            let compiled = Arc::clone(&self.compiled[&key(&packs)]);
            let out = packs.iter().map(|_| Out::default()).collect();
            let operators = self.operators.len();
            Arc::new(PackSet { matcher: compiled.matcher.for_another(), compiled, operators, out })
        });
        Arc::clone(set)
    }

    /// The packs that everybody has.
    pub fn operators(&self) -> &[Configured] {
        &self.operators
    }

    /// The packs that tenants have of their own.
    pub fn all_own(&self) -> &BTreeMap<Tenant, Vec<Configured>> {
        &self.own
    }

    /// A tenant's own packs.
    pub fn own(&self, tenant: &Tenant) -> &[Configured] {
        self.own.get(tenant).map_or(&[], |own| own)
    }

    fn list(&self, tenant: &Tenant) -> Vec<Configured> {
        self.operators.iter().chain(self.own(tenant)).cloned().collect()
    }
}

impl PackSet {
    /// All of them, the operator's first.
    pub fn packs(&self) -> &[Configured] {
        &self.compiled.packs
    }

    /// Whether this one is the tenant's own.
    pub(super) fn is_own(&self, pack: usize) -> bool {
        pack >= self.operators
    }

    /// Their patterns.
    pub(super) fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    /// How much these of its packs have put into its index, and bytes of all of that.
    pub(crate) fn sizes(&self, packs: impl Iterator<Item = usize>) -> (PatternSizes, usize) {
        let sizes = self.matcher.sizes();
        let own = packs.filter_map(|pack| sizes.get(pack)).fold(PatternSizes::default(), |sum, one| PatternSizes {
            patterns: sum.patterns + one.patterns,
            literals: sum.literals + one.literals,
        });
        (own, self.matcher.index_bytes())
    }

    /// What matching has taken so far, of all its packs.
    pub(super) fn matching(&self) -> Duration {
        self.matcher.costs().iter().map(|cost| cost.time).sum()
    }

    /// The same for all tenants with equal packs, as long as one of them has them.
    pub(super) fn number(&self) -> usize {
        Arc::as_ptr(&self.compiled).addr()
    }

    /// Whether a pack is out, and until when.
    pub(super) fn out(&self, pack: usize) -> Option<&Out> {
        self.out.get(pack)
    }
}

fn key(packs: &[Configured]) -> Key {
    packs.iter().map(|one| (*one.pack.digest(), settings_digest(one))).collect()
}

/// Compiles the packs' patterns, and tries what those cost that are not ours.
fn matcher(
    packs: &[Configured],
    key: &Key,
    is_tried: impl Fn(&([u8; 32], [u8; 32])) -> bool,
) -> Result<Matcher, MatcherError> {
    let matcher = Matcher::new(packs, MatchLimits::default(), &Rarity::default())?;
    for (number, configured) in packs.iter().enumerate() {
        // Ours are tried by their own tests.
        if is_tried(&key[number]) && !builtin::is_builtin(&configured.pack) {
            matcher.try_cost(number, &configured.pack, &MonotonicClock)?;
        }
    }
    Ok(matcher)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use serde_json::Map;
    use tripline_engine::Pack;

    use super::*;

    fn pack(name: &str) -> Configured {
        let manifest = format!(
            r#"{{ "abi": 1, "pack": {{ "name": "{name}", "version": "1.0.0" }},
                "patterns": [{{ "name": "n", "contains": ["n="] }}], "wakes_on": ["n"],
                "rules": [{{ "id": "each", "title": "each", "severity": "low" }}] }}"#
        );
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
        let own = sets.all_own().clone();
        let sets = sets.changed(vec![pack("all")], own, true, |_| false).unwrap();
        assert!(!Arc::ptr_eq(&of_a, &sets.of(&a)), "unless it is not to");
    }
}
