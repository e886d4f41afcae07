//! Regexes that stand in no index, or only by a literal that stands everywhere, of one pack: one pass over a text says which match.
//!
//! ```text
//!   members  a b c d e f g h     one automaton, made lazily, of bounded memory
//!            a b c d ╎ e f g h   where that gives up: one of each half, and so on
//!            a ╎ b ╎ c d ╎ …     a few members: each is searched for by itself
//! ```
//!
//! Speed only: what a union says is what each search by itself would. Where an automaton has been too large, it is for good, so
//! that a stranger's regexes cannot have one built again and again. Packs share none: who brought the regexes pays for the pass.

mod automaton;

use std::sync::{Arc, OnceLock};

use self::automaton::{Automaton, Pass};
use super::compiled::Compiled;

/// So many members of one automaton at most: bits of what a pass says.
const MOST: usize = u128::BITS as usize;
/// So few are searched for one by one.
pub(crate) const FEW: usize = 4;

/// The regexes of one pack that are looked for together.
pub struct Union {
    members: Vec<Arc<Compiled>>,
    /// For each of them which of the pack's patterns it is.
    patterns: Vec<u32>,
    /// For each of the pack's patterns which member it is.
    member_of: Vec<Option<u32>>,
    parts: Vec<Part>,
    roots: Vec<usize>,
}

/// Some members, one behind the other.
struct Part {
    from: usize,
    to: usize,
    automaton: OnceLock<Option<Automaton>>,
    halves: Option<[usize; 2]>,
}

/// What a union says of one of its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It matches the text.
    Matches,
    /// It does not.
    Differs,
    /// Only a search of its own can say.
    Alone,
}

/// Memory of one thread for one union, and what the last pass said.
#[derive(Default)]
pub struct UnionScratch {
    passes: Vec<Pass>,
    /// For each member the pass that has it, and its bit there.
    place: Vec<Option<(u32, u8)>>,
    /// Members that no pass has.
    alone: Vec<u32>,
}

impl Union {
    /// The union of a pack's patterns; `None`: too few belong there.
    pub fn new(patterns: &[Arc<Compiled>]) -> Option<Union> {
        let mut members: Vec<Arc<Compiled>> = Vec::new();
        let (mut numbers, mut member_of) = (Vec::new(), vec![None; patterns.len()]);
        for (number, compiled) in patterns.iter().enumerate().filter(|(_, one)| one.needs_a_pass()) {
            member_of[number] = Some(members.len() as u32);
            numbers.push(number as u32);
            members.push(Arc::clone(compiled));
        }
        if members.len() < FEW {
            return None;
        }
        let mut union = Union { members, patterns: numbers, member_of, parts: Vec::new(), roots: Vec::new() };
        let count = union.members.len();
        union.roots = (0..count).step_by(MOST).map(|from| union.part(from, count.min(from + MOST))).collect();
        // Compiled here, not where the first line waits for it.
        for root in &union.roots {
            union.parts[*root].automaton(&union.members);
        }
        Some(union)
    }

    /// Adds a part, and those that it is halved into; its number.
    fn part(&mut self, from: usize, to: usize) -> usize {
        let middle = from + (to - from) / 2;
        let halves = (middle - from >= FEW).then(|| [self.part(from, middle), self.part(middle, to)]);
        self.parts.push(Part { from, to, automaton: OnceLock::new(), halves });
        self.parts.len() - 1
    }

    /// Which member a pattern of the pack is.
    #[inline]
    pub fn member(&self, pattern: u32) -> Option<u32> {
        self.member_of.get(pattern as usize).copied().flatten()
    }

    /// The members, by their numbers in the pack, rising.
    pub fn patterns(&self) -> &[u32] {
        &self.patterns
    }

    /// Looks which members match a text.
    pub fn look(&self, text: &[u8], scratch: &mut UnionScratch) {
        if scratch.place.is_empty() {
            scratch.place.resize(self.members.len(), None);
            self.roots.iter().for_each(|root| self.begin(*root, scratch));
        }
        let (mut at, mut has_ended) = (0, false);
        while let Some(pass) = scratch.passes.get_mut(at) {
            let part = &self.parts[pass.part];
            if part.automaton(&self.members).is_some_and(|automaton| automaton.look(text, pass)) {
                at += 1;
                continue;
            }
            scratch.end(at, part);
            part.halves.iter().flatten().for_each(|half| self.begin(*half, scratch));
            has_ended = true;
        }
        if has_ended {
            let alone = (0..).zip(&scratch.place).filter(|(_, place)| place.is_none());
            scratch.alone = alone.map(|(member, _)| member).collect();
        }
    }

    /// The patterns, by their numbers in the pack, that match the text that was looked at last, or may match it for all that is
    /// known of them.
    pub fn may_match<'s>(&'s self, scratch: &'s UnionScratch) -> impl Iterator<Item = u32> + 's {
        let seen = scratch.passes.iter().flat_map(|pass| {
            let from = self.parts[pass.part].from;
            bits(pass.seen).map(move |bit| from + bit)
        });
        let members = seen.chain(scratch.alone.iter().map(|member| *member as usize));
        members.map(|member| self.patterns[member])
    }

    fn begin(&self, part: usize, scratch: &mut UnionScratch) {
        let number = scratch.passes.len() as u32;
        scratch.passes.push(Pass::of(part));
        let Part { from, to, .. } = self.parts[part];
        (0..).zip(&mut scratch.place[from..to]).for_each(|(bit, place)| *place = Some((number, bit)));
    }
}

/// Which bits are set.
fn bits(mut left: u128) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = left.trailing_zeros();
        left &= left.wrapping_sub(1);
        (bit < u128::BITS).then_some(bit as usize)
    })
}

impl UnionScratch {
    /// What the last pass said of a member.
    #[inline]
    pub fn said(&self, member: u32) -> Said {
        let Some((pass, bit)) = self.place.get(member as usize).copied().flatten() else {
            return Said::Alone;
        };
        match self.passes[pass as usize].seen >> bit & 1 {
            1 => Said::Matches,
            _ => Said::Differs,
        }
    }

    /// A pass is made no more: nothing is known of its members.
    fn end(&mut self, at: usize, part: &Part) {
        self.place[part.from..part.to].fill(None);
        self.passes.swap_remove(at);
        // What was the last is this one now.
        let last = self.passes.len() as u32;
        let moved = self.place.iter_mut().flatten().filter(|(pass, _)| *pass == last);
        moved.for_each(|(pass, _)| *pass = at as u32);
    }
}

impl Part {
    fn automaton(&self, members: &[Arc<Compiled>]) -> Option<&Automaton> {
        self.automaton.get_or_init(|| Automaton::of(&members[self.from..self.to])).as_ref()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Pack;
    use crate::pattern::Rarity;

    fn union(regexes: impl Iterator<Item = String>) -> Union {
        let pattern =
            |(number, regex): (usize, String)| json!({ "name": format!("p{number}"), "regex": regex });
        let patterns: Vec<Value> = regexes.enumerate().map(pattern).collect();
        let manifest = json!({
            "abi": 1, "pack": { "name": "tried", "version": "1.0.0" }, "patterns": patterns, "wakes_on": ["p0"],
            "rules": [{ "id": "r", "title": "r", "severity": "low" }],
        });
        let pack = Pack::from_manifest(manifest.to_string().as_bytes()).unwrap();
        let compiled = pack.manifest().patterns.iter();
        let compiled: Vec<Arc<Compiled>> = compiled
            .map(|pattern| Arc::new(Compiled::new(pattern, &[], &Rarity::default()).unwrap()))
            .collect();
        Union::new(&compiled).unwrap()
    }

    /// What a union says of texts of these letters, and how many passes are made in the end.
    fn passes(union: &Union, letters: &[u8]) -> usize {
        let mut number = 1u64;
        let mut scratch = UnionScratch::default();
        for _ in 0..1_000 {
            let text: Vec<u8> = (0..500)
                .map(|_| {
                    number = number
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    letters[(number >> 33) as usize % letters.len()]
                })
                .collect();
            union.look(&text, &mut scratch);
        }
        scratch.passes.len()
    }

    #[test]
    fn one_pass_is_enough_for_what_is_small_and_what_is_too_large_is_searched_for_alone() {
        let small = union((0..100).map(|number| format!(r"[a-f]+\d+{}", r"\W".repeat(1 + number % 7))));
        assert_eq!(passes(&small, b"abcdef0123 .:-"), 1);
        // Where one begins is known so many bytes later only, so that there are states for each way to get there.
        let large = union((0..16).map(|number| format!("[a-e][^{number}]{{{}}}[0-4]", 20 + number)));
        assert_eq!(passes(&large, b"abcde01234"), 0);
    }
}
