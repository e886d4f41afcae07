//! From a parsed regex to steps.

use regex_syntax::hir::{Hir, HirKind, Look, Repetition};

use super::first::{First, Set, first};
use super::ranges::Ranges;
use super::{Begin, Step, Steps};

/// A regex of more steps is left to the library.
const MOST_STEPS: usize = 200;
/// So many times at most is a part spelled out that is repeated.
const MOST_COPIES: u32 = 8;

/// The steps of a regex, if it has no part that they cannot say. `groups` are those whose places are wanted.
pub(super) fn compile(hir: &Hir, groups: &[usize]) -> Option<Steps> {
    let begin = first(hir)?;
    // What may match nothing matches everywhere.
    if begin.empty {
        return None;
    }
    let mut compiler = Compiler { steps: Vec::new(), sets: Vec::new(), groups };
    compiler.put(hir, &First::nothing())?;
    let begin = compiler.begin(begin.set);
    let Compiler { mut steps, sets, .. } = compiler;
    let entry = match (&begin, steps.first()) {
        (Begin::Text(_), Some(Step::Text(text))) => (1, text.len()),
        _ => (0, 0),
    };
    steps.iter_mut().for_each(shorten);
    let runs = sets.iter().map(Ranges::of).collect();
    Some(Steps { begin, entry, steps, sets, runs, slots: groups.len() * 2 })
}

/// A text that fits into a word becomes one.
fn shorten(step: &mut Step) {
    if let Step::Text(text) = step
        && (1..=8).contains(&text.len())
    {
        let mut bytes = [0; 8];
        bytes[..text.len()].copy_from_slice(text);
        *step = Step::Short { word: u64::from_le_bytes(bytes), length: text.len() as u8 };
    }
}

struct Compiler<'a> {
    steps: Vec<Step>,
    sets: Vec<Set>,
    groups: &'a [usize],
}

impl Compiler<'_> {
    /// Where matches can begin.
    fn begin(&mut self, set: Set) -> Begin {
        for step in &self.steps {
            match step {
                Step::Look(Look::Start) => return Begin::Start,
                Step::Look(_) | Step::Save(_) => {}
                Step::Text(text) if text.len() > 1 => {
                    let finder = memchr::memmem::Finder::new(text).into_owned();
                    return Begin::Text(Box::new(finder));
                }
                _ => break,
            }
        }
        Begin::OneOf(self.set(set))
    }

    fn step(&mut self, step: Step) -> Option<usize> {
        self.steps.push(step);
        (self.steps.len() <= MOST_STEPS).then(|| self.steps.len() - 1)
    }

    fn set(&mut self, set: Set) -> u16 {
        let known = self.sets.iter().position(|known| *known == set);
        known.unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        }) as u16
    }

    /// The steps of a part that has this behind it.
    fn put(&mut self, hir: &Hir, behind: &First) -> Option<()> {
        match hir.kind() {
            HirKind::Empty => {}
            HirKind::Look(look) => {
                let known = matches!(
                    look,
                    Look::Start
                        | Look::End
                        | Look::StartLF
                        | Look::EndLF
                        | Look::WordAscii
                        | Look::WordAsciiNegate
                );
                known.then(|| self.step(Step::Look(*look)))??;
            }
            HirKind::Literal(literal) => {
                self.step(Step::Text(literal.0.clone()))?;
            }
            HirKind::Class(class) => {
                let class = self.set(Set::of_class(class)?);
                self.step(Step::One(class))?;
            }
            HirKind::Capture(capture) => {
                let group = self.groups.iter().position(|group| *group == capture.index as usize);
                let Some(group) = group else { return self.put(&capture.sub, behind) };
                let first = group as u16 * 2;
                let begin = self.step(Step::Save(first))?;
                self.put(&capture.sub, behind)?;
                // A run alone, as most groups are, keeps its places itself.
                if let (true, Some(Step::Run { slot: slot @ None, .. })) =
                    (self.steps.len() == begin + 2, self.steps.last_mut())
                {
                    *slot = Some(first);
                    self.steps.remove(begin);
                } else {
                    self.step(Step::Save(first + 1))?;
                }
            }
            HirKind::Repetition(repetition) => self.repetition(repetition, behind)?,
            HirKind::Concat(parts) => self.concat(parts, behind)?,
            HirKind::Alternation(parts) => self.alternation(parts, behind)?,
        }
        Some(())
    }

    fn concat(&mut self, parts: &[Hir], behind: &First) -> Option<()> {
        let mut behinds = vec![*behind];
        for part in parts.iter().skip(1).rev() {
            let next = first(part)?.then(behinds.last()?);
            behinds.push(next);
        }
        let mut at = 0;
        while let Some(part) = parts.get(at) {
            let folded = folded(&parts[at..]);
            if folded.1 > 1 {
                self.step(Step::Folded(folded.0.into()))?;
            } else {
                self.put(part, &behinds[parts.len() - 1 - at])?;
            }
            at += folded.1.max(1);
        }
        Some(())
    }

    fn repetition(&mut self, repetition: &Repetition, behind: &First) -> Option<()> {
        let Repetition { min, max, greedy, ref sub } = *repetition;
        let most = max.unwrap_or(u32::MAX);
        if let Some(one) = Set::of_one(sub) {
            // Where the byte behind a run cannot be in it, nor be missing, the run has one length only. At the very
            // end of the regex a greedy run is as long as it can be.
            let forced = !one.meets(&behind.set) && (!behind.empty || greedy && !behind.looks);
            let settled = forced || min == most;
            let class = self.set(one);
            let behind = if behind.empty { None } else { Some(self.set(behind.set)) };
            self.step(match (settled, greedy) {
                (true, _) => Step::Run { class, min, most, slot: None },
                (false, true) => Step::Longest { class, min, most, behind },
                (false, false) => Step::Shortest { class, min, most, behind },
            })?;
            return Some(());
        }
        let body = first(sub)?;
        let copies = max.unwrap_or(min);
        if body.empty || copies > MOST_COPIES {
            return None;
        }
        let again = body.or(behind);
        for copy in 1..=min {
            self.put(sub, if copy == copies && max.is_some() { behind } else { &again })?;
        }
        let set = self.set(body.set);
        let settled = !body.set.meets(&behind.set) && !behind.empty;
        let choice = |other| match greedy || settled {
            true => Step::Choice { set, other, settled },
            false => Step::Rather { set, other },
        };
        let mut choices = Vec::new();
        match max {
            None => {
                let top = self.step(choice(0))?;
                choices.push(top);
                self.put(sub, &again)?;
                self.step(Step::Jump(top as u16))?;
            }
            Some(max) => {
                for copy in min + 1..=max {
                    choices.push(self.step(choice(0))?);
                    self.put(sub, if copy == max { behind } else { &again })?;
                }
            }
        }
        let out = self.steps.len() as u16;
        choices.into_iter().for_each(|at| self.steps[at] = choice(out));
        Some(())
    }

    fn alternation(&mut self, parts: &[Hir], behind: &First) -> Option<()> {
        let firsts: Vec<First> =
            parts.iter().map(|part| Some(first(part)?.then(behind))).collect::<Option<_>>()?;
        let mut jumps = Vec::new();
        for (i, part) in parts.iter().enumerate() {
            let later = firsts[i + 1..].iter().fold(First::default(), |all, one| all.or(one));
            let is_last = i + 1 == parts.len();
            let choice = if is_last { None } else { Some(self.step(Step::Jump(0))?) };
            self.put(part, behind)?;
            if !is_last {
                jumps.push(self.step(Step::Jump(0))?);
            }
            if let Some(at) = choice {
                let (set, other) = (self.set(firsts[i].set), self.steps.len() as u16);
                self.steps[at] = match firsts[i].empty {
                    // Behind it the regex may be over, whatever comes next.
                    true => Step::Either { other },
                    false => {
                        let settled = !later.empty && !firsts[i].set.meets(&later.set);
                        Step::Choice { set, other, settled }
                    }
                };
            }
        }
        let out = self.steps.len() as u16;
        jumps.into_iter().for_each(|at| self.steps[at] = Step::Jump(out));
        Some(())
    }
}

/// The texts and letters in either case with which these parts begin, as (byte, bits that do not count); and how many
/// parts that are.
fn folded(parts: &[Hir]) -> (Vec<(u8, u8)>, usize) {
    let mut bytes = Vec::new();
    let mut letters = false;
    let mut count = 0;
    for part in parts {
        match part.kind() {
            HirKind::Literal(literal) => bytes.extend(literal.0.iter().map(|byte| (*byte, 0))),
            HirKind::Class(class) => match letter(class) {
                Some(letter) => {
                    letters = true;
                    bytes.push((letter, 0x20));
                }
                None => break,
            },
            _ => break,
        }
        count += 1;
    }
    if letters { (bytes, count) } else { (Vec::new(), 0) }
}

/// The small letter, if the class is a letter in either case.
fn letter(class: &regex_syntax::hir::Class) -> Option<u8> {
    let set = Set::of_class(class)?;
    let mut expected = Set::default();
    let small = (b'a'..=b'z').find(|byte| set.has(*byte))?;
    expected.add(usize::from(small));
    expected.add(usize::from(small.to_ascii_uppercase()));
    (set == expected).then_some(small)
}
