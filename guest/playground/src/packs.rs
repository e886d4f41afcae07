//! The packs at hand, by digest.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tripline_engine::matcher::{MatchBudget, MatchLimits, Matcher, MatcherError};
use tripline_engine::pattern::Rarity;
use tripline_engine::sandbox::LoadError;
use tripline_engine::{Configured, Pack, PackError, describe, without_literals};

use crate::clock::PageClock;

/// Packs that were read and compiled.
#[derive(Default)]
pub(crate) struct Packs(RefCell<Vec<Arc<Pack>>>);

/// Why a pack cannot be tried.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackProblem {
    #[error(transparent)]
    Pack(#[from] PackError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Matcher(#[from] MatcherError),
}

impl PackProblem {
    /// What to do about it, if anybody knows.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            PackProblem::Pack(error) => error.hint(),
            _ => None,
        }
    }
}

impl Packs {
    pub(crate) fn find(&self, sha256: &str) -> Option<Arc<Pack>> {
        self.0.borrow().iter().find(|pack| pack.digest_hex() == sha256).cloned()
    }

    pub(crate) fn add(&self, pack: Arc<Pack>) {
        let mut packs = self.0.borrow_mut();
        packs.retain(|known| known.digest() != pack.digest());
        packs.push(pack);
    }

    pub(crate) fn remove(&self, sha256: &str) -> Option<Arc<Pack>> {
        let found = self.find(sha256);
        self.0.borrow_mut().retain(|pack| pack.digest_hex() != sha256);
        found
    }
}

/// Reads a module and tries its regexes, as a host does with a stranger's.
pub(crate) fn read(bytes: Vec<u8>, stranger: bool) -> Result<Pack, PackProblem> {
    let pack = Pack::read(bytes)?;
    if let (true, Ok(configured)) = (stranger, Configured::new(Arc::new(pack.clone()), &Map::new())) {
        let matcher = Matcher::new(&[configured], limits(), &Rarity::default())?;
        matcher.try_cost(0, &pack, &PageClock)?;
    }
    Ok(pack)
}

/// What a page shows of a pack: its manifest, and what makes it dear.
pub(crate) fn shown(pack: &Pack) -> Value {
    let mut shown = describe(pack);
    shown.insert("patterns_without_literals".into(), json!(without_literals(pack)));
    Value::Object(shown)
}

/// WebAssembly in WebAssembly is slower than the host: patterns may take four times as long.
pub(crate) fn limits() -> MatchLimits {
    const SLOWER: u32 = 4;
    let MatchLimits { value_bytes, budget, regex } = MatchLimits::default();
    let MatchBudget { base, per_event } = budget;
    let longer = |time: Duration| time.saturating_mul(SLOWER);
    let budget = MatchBudget { base: longer(base), per_event: longer(per_event) };
    MatchLimits { value_bytes, budget, regex: longer(regex) }
}
