//! A regex as steps that are walked along a text, with captures in the same pass.
//!
//! ```text
//!   from (?P<ip>[0-9.]+) port \d+     Text "from "  Save 0  Run [0-9.]  Save 1  Text " port "  Run \d
//! ```
//!
//! Most patterns of logs are texts with runs of a class between them, and the next byte says where a run ends. Their
//! walk needs no automaton, no table and no second pass for captures. Where the next byte does not settle a choice, the
//! other way is put on a stack: first come the ways that a regex prefers, so that the first match is the right one. The
//! walk is bounded; a text that takes too many steps is left to the library, whose time is linear.

mod compile;
mod first;
mod ranges;
mod walk;

use memchr::memmem::Finder;
use regex_automata::util::look::LookMatcher;
use regex_syntax::hir::{Hir, Look};

use self::first::Set;
use self::ranges::Ranges;
pub(super) use self::walk::Walk;
use self::walk::{Back, FUEL, NONE};

/// A regex as steps.
pub(super) struct Steps {
    begin: Begin,
    /// The step at which a walk begins, and how far behind the match's first byte: looking for that has done what is before.
    entry: (usize, usize),
    steps: Vec<Step>,
    sets: Vec<Set>,
    /// Of each set how a run of its bytes is gone over by words, if it can be.
    runs: Vec<Option<Ranges>>,
    slots: usize,
}

/// Where a match can begin.
enum Begin {
    /// At the text's first byte.
    Start,
    /// Where this stands.
    Text(Box<Finder<'static>>),
    /// At one of these bytes.
    OneOf(u16),
}

/// What is done at a place of the text. Sets and steps are told by their numbers.
enum Step {
    Text(Box<[u8]>),
    /// The same of one to eight bytes, which are compared at once.
    Short {
        word: u64,
        length: u8,
    },
    /// Bytes, and of each the bits that do not count.
    Folded(Box<[(u8, u8)]>),
    One(u16),
    /// As many as there are; their places are kept in this slot and the next, if there is one.
    Run {
        class: u16,
        min: u32,
        most: u32,
        slot: Option<u16>,
    },
    /// As many as there are, then fewer; only where one of `behind` follows.
    Longest {
        class: u16,
        min: u32,
        most: u32,
        behind: Option<u16>,
    },
    /// As few as may be, then more.
    Shortest {
        class: u16,
        min: u32,
        most: u32,
        behind: Option<u16>,
    },
    Save(u16),
    Look(Look),
    /// On if one of the set is next, and otherwise to the other step; to that one also if this way fails, unless it is
    /// `settled` that it would, too.
    Choice {
        set: u16,
        other: u16,
        settled: bool,
    },
    /// To the other step, and on from here if that way fails and one of the set is next.
    Rather {
        set: u16,
        other: u16,
    },
    /// On, and to the other step if this way fails.
    Either {
        other: u16,
    },
    Jump(u16),
}

/// What walking came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walked {
    Matches,
    Differs,
    /// It takes too many steps.
    GaveUp,
}

impl Steps {
    /// The steps of a regex, if it has no part that they cannot say; its places are told of these groups only.
    pub(super) fn new(hir: &Hir, groups: &[usize]) -> Option<Steps> {
        compile::compile(hir, groups)
    }

    /// Whether it is known where a match can begin, or at least with which text.
    pub(super) fn begins_somewhere(&self) -> bool {
        !matches!(self.begin, Begin::OneOf(_))
    }

    /// Looks for the first match; none begins before `first`.
    pub(super) fn find(&self, text: &[u8], first: usize, walk: &mut Walk) -> Walked {
        // An ordinary match takes as many steps as it has parts; this is enough for hundreds of near misses.
        let mut fuel = u32::try_from(text.len()).unwrap_or(u32::MAX).saturating_mul(2).saturating_add(512);
        walk.begin();
        let mut at = first;
        loop {
            match &self.begin {
                Begin::Start if at > 0 => return Walked::Differs,
                Begin::Start => {}
                // Mostly it is just there.
                Begin::Text(finder)
                    if text.get(at..).is_some_and(|rest| rest.starts_with(finder.needle())) => {}
                Begin::Text(finder) => match finder.find(text.get(at..).unwrap_or_default()) {
                    Some(further) => at += further,
                    None => return Walked::Differs,
                },
                Begin::OneOf(set) => {
                    let set = &self.sets[usize::from(*set)];
                    match text.get(at..).unwrap_or_default().iter().position(|byte| set.has(*byte)) {
                        Some(further) => at += further,
                        // A match that begins at the end has no bytes: it looks for that end.
                        None if set.stands_at(text, text.len()) => return Walked::GaveUp,
                        None => return Walked::Differs,
                    }
                }
            }
            walk.slots.clear();
            walk.slots.resize(self.slots, NONE);
            let (step, behind) = self.entry;
            match self.walk(text, (step, at + behind), &mut fuel, walk) {
                Walked::Differs if !matches!(self.begin, Begin::Start) => at += 1,
                walked => return walked,
            }
        }
    }

    /// Whether a match goes on here.
    fn walk(&self, text: &[u8], from: (usize, usize), fuel: &mut u32, walk: &mut Walk) -> Walked {
        walk.back.clear();
        let (mut step, mut at) = from;
        while let Some(next) = self.steps.get(step) {
            *fuel = match fuel.checked_sub(1) {
                Some(left) => left,
                None => return Walked::GaveUp,
            };
            step += 1;
            let goes_on = match next {
                Step::Text(wanted) => {
                    let stands = text[at..].starts_with(wanted);
                    at += if stands { wanted.len() } else { 0 };
                    stands
                }
                Step::Short { word, length } => {
                    let length = usize::from(*length);
                    let stands = match text[at..].first_chunk() {
                        Some(found) => (u64::from_le_bytes(*found) ^ word) << (64 - 8 * length) == 0,
                        None => text[at..].starts_with(&word.to_le_bytes()[..length]),
                    };
                    at += if stands { length } else { 0 };
                    stands
                }
                Step::Folded(wanted) => {
                    let found = text.get(at..at + wanted.len());
                    let same = |(byte, (wanted, fold)): (&u8, &(u8, u8))| byte | fold == *wanted;
                    let stands = found.is_some_and(|found| found.iter().zip(wanted).all(same));
                    at += if stands { wanted.len() } else { 0 };
                    stands
                }
                Step::One(class) => {
                    let stands = text.get(at).is_some_and(|byte| self.sets[usize::from(*class)].has(*byte));
                    at += usize::from(stands);
                    stands
                }
                Step::Run { class, min, most, slot } => {
                    let length = self.run(&text[at..], *class, *most);
                    *fuel = fuel.saturating_sub(cost(length));
                    if let Some(slot) = *slot {
                        walk.save(slot, at);
                        walk.save(slot + 1, at + length);
                    }
                    at += length;
                    length >= *min as usize
                }
                Step::Longest { class, min, most, .. } => {
                    let least = at + *min as usize;
                    at += self.run(&text[at..], *class, *most);
                    if at > least {
                        *fuel = fuel.saturating_sub(cost(at - least));
                        walk.back.push(Back::Shorter { step: step - 1, at, least });
                    }
                    at >= least && walk.is_new(step, at)
                }
                Step::Shortest { class, min, most, .. } => {
                    let longest = at + self.run(&text[at..], *class, *most);
                    at += *min as usize;
                    if at < longest {
                        *fuel = fuel.saturating_sub(cost(longest - at));
                        walk.back.push(Back::Longer { step: step - 1, at, most: longest });
                    }
                    at <= longest && walk.is_new(step, at)
                }
                Step::Save(slot) => {
                    walk.save(*slot, at);
                    true
                }
                Step::Look(look) => stands(*look, text, at),
                Step::Choice { set, other, settled } => {
                    let other = usize::from(*other);
                    if !self.sets[usize::from(*set)].stands_at(text, at) {
                        step = other;
                    } else if !settled {
                        walk.back.push(Back::Step { step: other, at });
                    }
                    true
                }
                Step::Rather { set, other } => {
                    if self.sets[usize::from(*set)].stands_at(text, at) {
                        walk.back.push(Back::Step { step, at });
                    }
                    step = usize::from(*other);
                    true
                }
                Step::Either { other } => {
                    walk.back.push(Back::Step { step: usize::from(*other), at });
                    true
                }
                Step::Jump(to) => {
                    step = usize::from(*to);
                    true
                }
            };
            if !goes_on {
                if walk.turn(self.steps.len(), text.len()) {
                    *fuel = fuel.saturating_add(FUEL.saturating_mul(text.len() as u32));
                }
                match self.back(text, walk) {
                    Some(other) => (step, at) = other,
                    None => return Walked::Differs,
                }
            }
        }
        Walked::Matches
    }

    /// The next way that was not taken: its step and place.
    fn back(&self, text: &[u8], walk: &mut Walk) -> Option<(usize, usize)> {
        loop {
            match walk.back.pop()? {
                Back::Slot { slot, held } => walk.slots[usize::from(slot)] = held,
                Back::Step { step, at } if walk.has_been(step, at) => {}
                Back::Step { step, at } => return Some(walk.goes_on(step, at)),
                Back::Shorter { step, at, least } => {
                    let Some(at) = (least..at).rev().find(|&at| self.may_follow(step, text, at, walk)) else {
                        continue;
                    };
                    if at > least {
                        walk.back.push(Back::Shorter { step, at, least });
                    }
                    return Some(walk.goes_on(step + 1, at));
                }
                Back::Longer { step, at, most } => {
                    let Some(at) = (at + 1..=most).find(|&at| self.may_follow(step, text, at, walk)) else {
                        continue;
                    };
                    if at < most {
                        walk.back.push(Back::Longer { step, at, most });
                    }
                    return Some(walk.goes_on(step + 1, at));
                }
            }
        }
    }

    /// Whether what stands behind this run can begin here, and has not been tried.
    fn may_follow(&self, step: usize, text: &[u8], at: usize, walk: &Walk) -> bool {
        if walk.has_been(step + 1, at) {
            return false;
        }
        let (Step::Longest { behind, .. } | Step::Shortest { behind, .. }) = &self.steps[step] else {
            return true;
        };
        behind.is_none_or(|behind| self.sets[usize::from(behind)].stands_at(text, at))
    }

    /// How many bytes of this class stand at the text's start, up to `most`.
    #[inline(always)]
    fn run(&self, text: &[u8], class: u16, most: u32) -> usize {
        let text = &text[..text.len().min(most as usize)];
        let mut length = 0;
        if let Some(ranges) = &self.runs[usize::from(class)] {
            while let Some(bytes) = text.get(length..).and_then(<[u8]>::first_chunk) {
                match ranges.others(u64::from_le_bytes(*bytes)) {
                    0 => length += 8,
                    others => return length + others.trailing_zeros() as usize / 8,
                }
            }
        }
        let class = &self.sets[usize::from(class)];
        let rest = text.get(length..).unwrap_or_default();
        length + rest.iter().position(|byte| !class.has(*byte)).unwrap_or(rest.len())
    }
}

/// What a run of so many bytes costs, in steps.
fn cost(length: usize) -> u32 {
    (length / 8) as u32
}

fn stands(look: Look, text: &[u8], at: usize) -> bool {
    let looks = LookMatcher::new();
    match look {
        Look::Start => at == 0,
        Look::End => at == text.len(),
        Look::StartLF => looks.is_start_lf(text, at),
        Look::EndLF => looks.is_end_lf(text, at),
        Look::WordAscii => looks.is_word_ascii(text, at),
        Look::WordAsciiNegate => looks.is_word_ascii_negate(text, at),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
