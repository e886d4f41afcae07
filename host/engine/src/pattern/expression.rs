//! A regex: walked as steps where it can be, and searched for by the library where it cannot.

use std::sync::OnceLock;

use regex_automata::meta::{BuildError, Config, Regex};
use regex_automata::util::syntax;
use regex_automata::{Input, PatternID};
use regex_syntax::hir::{Hir, HirKind};
use tripline_abi::manifest::{Pattern, PatternKind, REGEX_BYTES};

use super::compiled::Scratch;
use super::literals::{self, Necessary};
use super::rarity::Rarity;
use super::steps::{Steps, Walked};

/// A regex, ready to be tried on values.
pub(super) struct Expression {
    steps: Option<Steps>,
    /// The library's. Where there are steps it is made when they give up on a text: most never do, and ten thousand take
    /// seconds and much memory. A manifest is good only if each of its regexes compiles within the same bound.
    library: OnceLock<Option<Regex>>,
    text: String,
    syntax: syntax::Config,
    /// Group numbers of the named groups, in order.
    groups: Vec<usize>,
}

impl Expression {
    /// Compiles a regex that was parsed; also the literals that it needs, and whether every match begins where one of them does.
    pub(super) fn new(
        text: &str,
        hir: Option<&Hir>,
        syntax: syntax::Config,
        rarity: &Rarity,
    ) -> Result<(Expression, (Necessary, bool)), Box<BuildError>> {
        let literals = hir.map_or((None, false), |hir| literals::of_regex(hir, rarity));
        let mut groups = Vec::new();
        if let Some(hir) = hir {
            named(hir, &mut groups);
        }
        let steps = hir.and_then(|hir| Steps::new(hir, &groups));
        // Where nothing is captured and a match may begin anywhere, an automaton goes over the text faster.
        let steps = steps.filter(|steps| !groups.is_empty() || steps.begins_somewhere());
        let library = OnceLock::new();
        if steps.is_none() {
            let regex = build(text, syntax)?;
            let names = regex.group_info().pattern_names(PatternID::ZERO);
            groups = names.enumerate().filter_map(|(group, name)| name.map(|_| group)).collect();
            let _ = library.set(Some(regex));
        }
        Ok((Expression { steps, library, text: text.into(), syntax, groups }, literals))
    }

    /// What it says, parsed anew.
    pub(super) fn hir(&self) -> Option<Hir> {
        syntax::parse_with(&self.text, &self.syntax).ok()
    }

    /// How many named groups it has.
    pub(super) fn captures(&self) -> usize {
        self.groups.len()
    }

    /// Whether it matches; then the places of its groups are added to the captures. No match begins before `first`.
    /// `number` is the pattern's, by which `scratch` keeps the library's cache.
    #[inline]
    pub(super) fn find(&self, number: usize, text: &[u8], first: usize, scratch: &mut Scratch) -> bool {
        if let Some(steps) = &self.steps {
            let walk = &mut scratch.walk;
            match steps.find(text, first, walk) {
                Walked::Matches => {
                    scratch.captures.extend(walk.groups());
                    return true;
                }
                Walked::Differs => return false,
                Walked::GaveUp => {}
            }
        }
        self.search(number, text, scratch)
    }

    fn search(&self, number: usize, text: &[u8], scratch: &mut Scratch) -> bool {
        let Some(regex) = self.library.get_or_init(|| build(&self.text, self.syntax).ok()) else {
            return false;
        };
        if scratch.caches.len() <= number {
            scratch.caches.resize_with(number + 1, || None);
        }
        let cache = scratch.caches[number].get_or_insert_with(|| Box::new(regex.create_cache()));
        let Some(last) = self.groups.last() else {
            // Where it matches is nothing to anybody: the search is over where it is sure that it does.
            return regex.search_half_with(cache, &Input::new(text).earliest(true)).is_some();
        };
        let slots = (last + 1) * 2;
        scratch.slots.clear();
        scratch.slots.resize(slots, None);
        if regex.search_slots_with(cache, &Input::new(text), &mut scratch.slots).is_none() {
            return false;
        }
        let slot = |at: usize| scratch.slots.get(at).copied().flatten().map(|at| at.get() as u32);
        scratch.captures.extend(self.groups.iter().map(|group| slot(group * 2).zip(slot(group * 2 + 1))));
        true
    }
}

/// How a pattern's regex parses; `None`: it has none, or none that does.
pub(crate) fn parsed(pattern: &Pattern) -> Option<Hir> {
    let PatternKind::Regex { regex, unicode } = &pattern.kind else { return None };
    syntax::parse_with(regex, &syntax(*unicode, pattern.case_insensitive)).ok()
}

/// How every regex is parsed.
pub(super) fn syntax(unicode: bool, case_insensitive: bool) -> syntax::Config {
    syntax::Config::new().unicode(unicode).utf8(false).case_insensitive(case_insensitive).nest_limit(100)
}

fn build(text: &str, syntax: syntax::Config) -> Result<Regex, Box<BuildError>> {
    let config = Config::new()
        .utf8_empty(false)
        .nfa_size_limit(Some(REGEX_BYTES))
        // Ten thousand patterns on every thread: the default of 2 MiB each is too dear.
        .hybrid_cache_capacity(256 * 1024);
    Regex::builder().configure(config).syntax(syntax).build(text).map_err(Box::new)
}

/// The numbers of the named groups, in order.
fn named(hir: &Hir, groups: &mut Vec<usize>) {
    match hir.kind() {
        HirKind::Capture(capture) => {
            groups.extend(capture.name.as_ref().map(|_| capture.index as usize));
            named(&capture.sub, groups);
        }
        HirKind::Repetition(repetition) => named(&repetition.sub, groups),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| named(part, groups));
        }
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    #[track_caller]
    fn check(regex: &str, text: &[u8]) {
        let syntax = syntax(false, false);
        let hir = syntax::parse_with(regex, &syntax).ok();
        let (expression, _) = Expression::new(regex, hir.as_ref(), syntax, &Rarity::default()).unwrap();
        assert!(expression.steps.is_some(), "{regex:?} has no steps");
        let library = build(regex, expression.syntax).unwrap();
        let names = library.group_info().pattern_names(PatternID::ZERO);
        let named = names.enumerate().filter_map(|(group, name)| name.map(|_| group));
        assert_eq!(expression.groups, named.collect::<Vec<_>>(), "groups of {regex:?}");
        let (mut walked, mut searched) = (Scratch::default(), Scratch::default());
        let found = expression.find(0, text, 0, &mut walked);
        assert_eq!(found, expression.search(0, text, &mut searched), "{regex:?}");
        assert_eq!(walked.captures, searched.captures, "{regex:?}");
    }

    #[test]
    fn both_ways_say_the_same() {
        let text = b"aaaa user bob from 192.0.2.7 port 22";
        check(r"user (?P<user>\S+) (from) (?P<ip>[0-9.]+)", text);
        check(r"(?:(?P<a>x)|(?P<b>user)) (?P<c>b)(?P<d>z)?", text);
        check(r"user (?P<a>\w){0}(?P<b>b(?P<c>o))", text);
        check(r"nobody (?P<a>x)", text);
        // Steps give up on it.
        check(r"a[^x]*(?P<x>x)", &b"a".repeat(4000));
    }
}
