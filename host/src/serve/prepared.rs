//! Packs on their way to be matched: each is compiled once, when the first line comes for it, for all sets that it is in.
//!
//! ```text
//!   module, settings ─► Prepared   its patterns      ─┐
//!                  a set of such ─► Compiled          ─┴► one index over all of them
//! ```

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use tripline_engine::matcher::{MatchLimits, Matcher, MatcherError, PackPatterns};
use tripline_engine::pattern::Rarity;
use tripline_engine::sandbox::LoadError;
use tripline_engine::{Configured, Fault};

use crate::builtin;
use crate::check::{MonotonicClock, settings_digest};

/// The digests of a pack's module and settings.
type Id = ([u8; 32], [u8; 32]);

/// A pack with its settings, and its patterns once they are needed.
struct Prepared {
    id: Id,
    configured: Configured,
    patterns: OnceLock<PackPatterns>,
    /// Its patterns were tried, now or when they came.
    is_tried: AtomicBool,
}

/// A set of packs, and its index once it is needed.
#[derive(Default)]
pub(super) struct Compiled {
    /// No other has it, also when this is gone.
    number: u64,
    packs: Vec<Configured>,
    prepared: Vec<Arc<Prepared>>,
    /// Counts nothing itself.
    matcher: OnceLock<Matcher>,
    /// Packs that it cannot match, by their numbers.
    broken: OnceLock<Vec<(usize, Fault)>>,
}

/// What somebody has, to be had by others, too. It keeps nothing alive.
#[derive(Default)]
pub(super) struct Known(Mutex<Table>);

#[derive(Default)]
struct Table {
    packs: HashMap<Id, Weak<Prepared>>,
    sets: HashMap<Vec<Id>, Weak<Compiled>>,
    /// With more than that, what is gone is looked for.
    most: usize,
}

/// The next set's number.
static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// So many may be gone, at least, before that is looked for.
const FEW: usize = 128;

impl Known {
    /// The set of these packs behind those.
    pub(super) fn set(&self, before: Option<&Compiled>, packs: Vec<Configured>) -> Arc<Compiled> {
        let before = before.map_or(&[][..], |set| &set.prepared);
        let mut table = self.lock();
        table.forget();
        let own = packs.into_iter().map(|configured| table.pack(configured));
        let prepared: Vec<Arc<Prepared>> = before.iter().map(Arc::clone).chain(own).collect();
        let key: Vec<Id> = prepared.iter().map(|one| one.id).collect();
        if let Some(set) = table.sets.get(&key).and_then(Weak::upgrade) {
            return set;
        }
        let packs = prepared.iter().map(|one| one.configured.clone()).collect();
        let number = NUMBERS.fetch_add(1, Relaxed);
        let set = Arc::new(Compiled { number, packs, prepared, ..Compiled::default() });
        table.sets.insert(key, Arc::downgrade(&set));
        set
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Every change is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn pack(&mut self, configured: Configured) -> Arc<Prepared> {
        let id = (*configured.pack.digest(), settings_digest(&configured));
        if let Some(pack) = self.packs.get(&id).and_then(Weak::upgrade) {
            return pack;
        }
        let (patterns, is_tried) = (OnceLock::new(), AtomicBool::new(false));
        let pack = Arc::new(Prepared { id, configured, patterns, is_tried });
        self.packs.insert(id, Arc::downgrade(&pack));
        pack
    }

    fn forget(&mut self) {
        if self.packs.len() + self.sets.len() > self.most.max(FEW) {
            self.packs.retain(|_, pack| pack.strong_count() > 0);
            self.sets.retain(|_, set| set.strong_count() > 0);
            self.most = 2 * (self.packs.len() + self.sets.len());
        }
    }
}

impl Prepared {
    fn patterns(&self) -> Result<PackPatterns, MatcherError> {
        if let Some(patterns) = self.patterns.get() {
            return Ok(patterns.clone());
        }
        let patterns = PackPatterns::new(&self.configured, &Rarity::default())?;
        Ok(self.patterns.get_or_init(|| patterns).clone())
    }
}

impl Compiled {
    pub(super) fn packs(&self) -> &[Configured] {
        &self.packs
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// All of them were tried when they came.
    pub(super) fn were_tried(&self) {
        self.prepared.iter().for_each(|one| one.is_tried.store(true, Relaxed));
    }

    /// Tries what is not ours and was not tried, and compiles what is not compiled.
    ///
    /// # Errors
    /// They cannot be matched.
    pub(super) fn tried(&self) -> Result<(), MatcherError> {
        for one in self.prepared.iter().filter(|one| !one.is_tried.load(Relaxed)) {
            // Ours are tried by their own tests.
            if !builtin::is_builtin(&one.configured.pack) {
                let limits = MatchLimits::default();
                one.patterns()?.try_cost(&one.configured.pack, &limits, &MonotonicClock)?;
            }
            one.is_tried.store(true, Relaxed);
        }
        self.compiled()
    }

    /// Compiles what is not compiled.
    ///
    /// # Errors
    /// They cannot be matched.
    pub(super) fn compiled(&self) -> Result<(), MatcherError> {
        if self.matcher.get().is_none() {
            let patterns = self.prepared.iter().map(|one| one.patterns().map(Some));
            let matcher = self.index(&patterns.collect::<Result<Vec<_>, _>>()?)?;
            self.matcher.get_or_init(|| matcher);
        }
        Ok(())
    }

    /// Whether there is an index of all of them.
    pub(super) fn is_built(&self) -> bool {
        self.matcher.get().is_some()
    }

    /// The index of all of them; it is made now, if it was not yet. A pack that cannot be matched is not in it.
    pub(super) fn matcher(&self) -> &Matcher {
        self.matcher.get_or_init(|| {
            let mut broken = Vec::new();
            let mut without = |number: usize, error: MatcherError| {
                broken.push((number, Fault::Load(LoadError::Compile(error.to_string()))));
            };
            let patterns = self
                .prepared
                .iter()
                .enumerate()
                .map(|(number, one)| one.patterns().map_err(|error| without(number, error)).ok());
            let patterns: Vec<Option<PackPatterns>> = patterns.collect();
            let matcher = self.index(&patterns).unwrap_or_else(|error| {
                without(self.packs.len().saturating_sub(1), error);
                Matcher::none(self.packs.len(), MatchLimits::default())
            });
            let _ = self.broken.set(broken);
            matcher
        })
    }

    /// What it cannot match, as far as it was tried.
    pub(super) fn broken(&self) -> &[(usize, Fault)] {
        self.broken.get().map_or(&[], |broken| broken)
    }

    fn index(&self, patterns: &[Option<PackPatterns>]) -> Result<Matcher, MatcherError> {
        Matcher::of(&self.packs, patterns, MatchLimits::default(), &Rarity::default())
    }
}

#[cfg(test)]
impl Known {
    /// How many packs, and how many sets, are compiled.
    pub(super) fn compiled(&self) -> (usize, usize) {
        let table = self.lock();
        let packs = table.packs.values().filter_map(Weak::upgrade);
        let sets = table.sets.values().filter_map(Weak::upgrade);
        (
            packs.filter(|one| one.patterns.get().is_some()).count(),
            sets.filter(|one| one.matcher.get().is_some()).count(),
        )
    }

    /// How many entries there are, of what there is and of what is gone.
    pub(super) fn len(&self) -> usize {
        let table = self.lock();
        table.packs.len() + table.sets.len()
    }
}
