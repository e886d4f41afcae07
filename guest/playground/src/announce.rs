//! Each call into a pack is announced before it is made: whoever waits for it outside knows which one does not return.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use js_sys::Function;
use wasm_bindgen::JsValue;

/// Calls whose time is kept, of each pack; later ones are counted.
const TIMES: usize = 10_000;

/// Who is told of calls.
#[derive(Clone)]
pub(crate) enum Announce {
    /// Nobody: a call that does not return is waited for.
    Nobody,
    /// A function of (pack, what, batch, entries); with `null` for the pack when the call has returned.
    To(Function),
}

/// What a pack is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// An instance is made, and its start function runs.
    Start,
    /// It reads its settings and state.
    Open,
    /// It judges a batch.
    Check,
    /// It saves its state.
    Save,
}

impl What {
    fn as_str(self) -> &'static str {
        match self {
            What::Start => "start",
            What::Open => "open",
            What::Check => "check",
            What::Save => "save",
        }
    }
}

impl Announce {
    pub(crate) fn call(&self, pack: &str, what: What, batch: u32, entries: u32) {
        self.tell(&JsValue::from_str(pack), what.as_str(), batch, entries);
    }

    pub(crate) fn returned(&self) {
        self.tell(&JsValue::NULL, "", 0, 0);
    }

    fn tell(&self, pack: &JsValue, what: &str, batch: u32, entries: u32) {
        if let Announce::To(function) = self {
            // Who cannot be told misses a deadline, which is its own.
            let _ = function.call4(&JsValue::NULL, pack, &what.into(), &batch.into(), &entries.into());
        }
    }
}

/// Batches that a pack judged, with what each took; of one run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batches(Rc<RefCell<Vec<(String, Times)>>>);

/// What one pack's batches took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    /// Entries and time of each, the first ten thousand.
    pub(crate) each: Vec<(u32, Duration)>,
    /// How many there were.
    pub(crate) count: u32,
    /// The longest.
    pub(crate) longest: Duration,
    /// All together.
    pub(crate) total: Duration,
    /// How many took longer here than a server gives them CPU time.
    pub(crate) over: u32,
}

impl Batches {
    /// The number of the pack's next batch, from 1.
    pub(crate) fn next(&self, pack: &str) -> u32 {
        self.0.borrow().iter().find(|(name, _)| name == pack).map_or(1, |(_, times)| times.count + 1)
    }

    /// A batch took so long; `allowed` is what a server gives it.
    pub(crate) fn took(&self, pack: &str, entries: u32, time: Duration, allowed: Duration) {
        let mut all = self.0.borrow_mut();
        let at = all.iter().position(|(name, _)| name == pack).unwrap_or_else(|| {
            all.push((pack.into(), Times::default()));
            all.len() - 1
        });
        let times = &mut all[at].1;
        times.count = times.count.saturating_add(1);
        times.longest = times.longest.max(time);
        times.total += time;
        times.over = times.over.saturating_add(u32::from(time > allowed));
        if times.each.len() < TIMES {
            times.each.push((entries, time));
        }
    }

    /// What this pack's batches took.
    pub(crate) fn of(&self, pack: &str) -> Times {
        self.0
            .borrow()
            .iter()
            .find(|(name, _)| name == pack)
            .map(|(_, times)| times.clone())
            .unwrap_or_default()
    }

    pub(crate) fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}
