//! What one pack watches for: sources, patterns, and when it is woken.

use std::sync::Arc;

use tripline_abi::manifest::{Manifest, SourceFilter, Wake, WakesOn};

use crate::event::{Event, Name};
use crate::pattern::Union;

/// One pack's share of a [`Matcher`](super::Matcher). Pattern numbers here are the matcher's.
pub(super) struct Watch {
    pub(super) first: u32,
    pub(super) patterns: u32,
    pub(super) every_event: bool,
    wakes: Vec<Wake>,
    /// For each of the pack's patterns the entries of `wakes` that it leads: whose first pattern it is.
    led: Vec<Vec<u32>>,
    /// For each of them whether one of those asks for it alone, as most do: then the others say nothing new.
    alone: Vec<bool>,
    /// The pack's patterns that no literal stands for.
    pub(super) unfiltered: Vec<u32>,
    /// Of those the ones that are in no union.
    pub(super) single: Vec<u32>,
    /// The pack's patterns that are looked for together.
    pub(super) union: Option<Arc<Union>>,
    /// Whether one of those that no literal stands for leads an entry, so that no line can be passed over.
    pub(super) always: bool,
    sources: Vec<SourceFilter>,
}

impl Watch {
    pub(super) fn new(
        manifest: &Manifest,
        first: u32,
        unfiltered: Vec<u32>,
        union: Option<Arc<Union>>,
    ) -> Watch {
        let patterns = manifest.patterns.len() as u32;
        let mut led = vec![Vec::new(); patterns as usize];
        let (every_event, wakes) = match &manifest.wakes_on {
            WakesOn::EveryEvent => (true, Vec::new()),
            WakesOn::Any(wakes) => (false, wakes.clone()),
        };
        for (i, wake) in wakes.iter().enumerate() {
            led[wake.all[0] as usize].push(i as u32);
        }
        let is_single = |p: &&u32| union.as_ref().is_none_or(|union| union.member(**p - first).is_none());
        let single = unfiltered.iter().filter(is_single).copied().collect();
        let is_alone = |led: &Vec<u32>| led.iter().any(|&entry| asks_for_one(&wakes[entry as usize]));
        let alone = led.iter().map(is_alone).collect();
        let always = every_event || unfiltered.iter().any(|p| !led[(p - first) as usize].is_empty());
        Watch {
            first,
            patterns,
            every_event,
            wakes,
            led,
            alone,
            unfiltered,
            single,
            union,
            always,
            sources: manifest.sources.clone(),
        }
    }

    /// Of a pack that is never woken.
    pub(super) fn none(first: u32) -> Watch {
        Watch {
            first,
            patterns: 0,
            every_event: false,
            wakes: Vec::new(),
            led: Vec::new(),
            alone: Vec::new(),
            unfiltered: Vec::new(),
            single: Vec::new(),
            union: None,
            always: false,
            sources: Vec::new(),
        }
    }

    /// Whether a match of this pattern may wake the pack.
    pub(super) fn leads(&self, pattern: u32) -> bool {
        !self.led[(pattern - self.first) as usize].is_empty()
    }

    /// Whether the pack is woken, asking `holds` for as few patterns as it takes. `candidates` are all patterns
    /// that may hold.
    pub(super) fn wakes(&self, candidates: &[u32], mut holds: impl FnMut(u32) -> bool) -> bool {
        if self.every_event {
            return true;
        }
        candidates.iter().any(|&candidate| {
            let own = (candidate - self.first) as usize;
            if self.alone[own] {
                return holds(candidate);
            }
            let mut entry = |wake: &Wake| entry_holds(wake, |pattern| holds(pattern + self.first));
            self.led[own].iter().any(|&number| entry(&self.wakes[number as usize]))
        })
    }

    /// Whether each entry of `wakes_on` holds; `holds` is asked by the pack's own numbers.
    pub(super) fn entries(&self, holds: impl Fn(u32) -> bool) -> Vec<bool> {
        self.wakes.iter().map(|wake| entry_holds(wake, &holds)).collect()
    }

    /// Whether events of this source are for the pack. What is unknown on either side is no reason against it.
    pub(super) fn takes(&self, event: &Event, line: &[u8]) -> bool {
        if self.sources.is_empty() {
            return true;
        }
        let source = &event.log_source;
        let kind = if source.scan { "scan" } else { "log" };
        let name = |name: Option<Name>| name.map(|name| event.name(line, name));
        let (product, service, category) =
            (name(source.product), name(source.service), name(source.category));
        let fits = |wanted: &Option<String>, found: Option<&[u8]>| match (wanted, found) {
            (Some(wanted), Some(found)) => wanted.as_bytes() == found,
            _ => true,
        };
        self.sources.iter().any(|filter| {
            filter.kind.as_deref().unwrap_or("log") == kind
                && fits(&filter.product, product)
                && fits(&filter.service, service)
                && fits(&filter.category, category)
        })
    }
}

/// Whether a match of its first pattern is all that it asks for.
fn asks_for_one(wake: &Wake) -> bool {
    wake.all.len() == 1 && wake.none.is_empty()
}

fn entry_holds(wake: &Wake, mut holds: impl FnMut(u32) -> bool) -> bool {
    wake.all.iter().all(|&pattern| holds(pattern)) && !wake.none.iter().any(|&pattern| holds(pattern))
}
