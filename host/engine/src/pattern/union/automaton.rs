//! One automaton of several regexes, made state by state as texts need them.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::{Input, MatchKind};
use regex_syntax::hir::Hir;

use crate::pattern::compiled::Compiled;

/// Bytes of states for each member, and in all: less than the library would take if it searched for each by itself.
const CACHE_OF_ONE: usize = 64 * 1024;
const CACHE: usize = 2 * 1024 * 1024;
/// Bytes of the automaton that those are made from.
const SIZE: usize = 1024 * 1024;
/// So often the states are let go of before it is asked whether they are worth it.
const CLEARS: usize = 2;
/// A state is worth it if it is met at so many bytes, at least one for so many states that it is made from: making it is looking at
/// each of those.
const LEAST_BYTES: usize = 16;
const OF_STATES: usize = 16;
/// States whose matches are known without asking; a power of two.
const KNOWN: usize = 512;

/// Several regexes.
pub(super) struct Automaton {
    states: DFA,
    /// A bit for each.
    all: u128,
}

/// Memory of one thread for passes of one automaton, and what the last one said.
pub(super) struct Pass {
    /// Whose automaton it is.
    pub(super) part: usize,
    /// Which of its regexes match: a bit for each.
    pub(super) seen: u128,
    memory: Option<Box<Memory>>,
}

struct Memory {
    cache: Cache,
    /// Of a state which regexes match where it is met. States are others when the cache has been cleared.
    known: Vec<(LazyStateID, u128)>,
    clears: usize,
}

impl Pass {
    pub(super) fn of(part: usize) -> Pass {
        Pass { part, seen: 0, memory: None }
    }
}

impl Automaton {
    /// `None`: it is too large, or none can be made of them.
    pub(super) fn of(members: &[Arc<Compiled>]) -> Option<Automaton> {
        let parsed: Vec<Hir> = members.iter().map(|member| member.hir()).collect::<Option<_>>()?;
        let config = thompson::Config::new()
            .utf8(false)
            .nfa_size_limit(Some(SIZE))
            .which_captures(WhichCaptures::None);
        let nfa = thompson::Compiler::new().configure(config).build_many_from_hir(&parsed).ok()?;
        let worth = LEAST_BYTES.max(nfa.states().len() / OF_STATES);
        let config = DFA::config()
            .match_kind(MatchKind::All)
            .cache_capacity(CACHE.min(members.len() * CACHE_OF_ONE))
            .minimum_cache_clear_count(Some(CLEARS))
            .minimum_bytes_per_state(Some(worth));
        let states = DFA::builder().configure(config).build_from_nfa(nfa).ok()?;
        Some(Automaton { states, all: u128::MAX >> (u128::BITS as usize - members.len()) })
    }

    /// Looks which of them match a text; whether it came to an end.
    pub(super) fn look(&self, text: &[u8], pass: &mut Pass) -> bool {
        let memory = pass.memory.get_or_insert_with(|| {
            let cache = self.states.create_cache();
            Box::new(Memory { cache, known: Vec::new(), clears: 0 })
        });
        memory.cache.search_start(0);
        let seen = self.pass(text, memory);
        memory.cache.search_finish(text.len());
        pass.seen = seen.unwrap_or_default();
        seen.is_some()
    }

    fn pass(&self, text: &[u8], memory: &mut Memory) -> Option<u128> {
        let mut seen = 0;
        let mut state = self.states.start_state_forward(&mut memory.cache, &Input::new(text)).ok()?;
        for byte in text {
            state = self.states.next_state(&mut memory.cache, state, *byte).ok()?;
            if state.is_tagged() {
                if !state.is_match() {
                    // No other is met here than one that nothing follows, and one that no automaton can look behind.
                    return state.is_dead().then_some(seen);
                }
                seen |= self.matches(state, memory);
                if seen == self.all {
                    return Some(seen);
                }
            }
        }
        state = self.states.next_eoi_state(&mut memory.cache, state).ok()?;
        if state.is_match() {
            seen |= self.matches(state, memory);
        }
        Some(seen)
    }

    /// Which of them match where this state is met.
    #[inline]
    fn matches(&self, state: LazyStateID, memory: &mut Memory) -> u128 {
        let clears = memory.cache.clear_count();
        if memory.known.is_empty() || memory.clears != clears {
            memory.known.clear();
            memory.known.resize(KNOWN, (LazyStateID::default(), 0));
            memory.clears = clears;
        }
        let known = &mut memory.known[slot(state)];
        if known.0 != state {
            let count = self.states.match_len(&memory.cache, state);
            let matches = (0..count).map(|at| self.states.match_pattern(&memory.cache, state, at).as_usize());
            *known = (state, matches.fold(0, |all, one| all | 1 << one));
        }
        known.1
    }
}

/// Where a state stands among those that are known.
#[inline]
fn slot(state: LazyStateID) -> usize {
    let mut number = Number(0);
    state.hash(&mut number);
    (number.0.wrapping_mul(0x9e37_79b9) >> (u32::BITS - KNOWN.trailing_zeros())) as usize
}

/// The number of a state, which it tells nobody but whoever hashes it.
struct Number(u32);

impl Hasher for Number {
    fn finish(&self) -> u64 {
        self.0.into()
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u32::from(*byte));
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = number;
    }
}
