//! Literals that every match of a pattern contains at least one of, ASCII case folded.

use std::cmp::Reverse;

use regex_syntax::hir::{Class, Hir, HirKind};

use super::rarity::Rarity;
use crate::decode::{beside, is_given};

/// A set of folded literals; every value that the pattern matches contains at least one. `None`: no such set.
pub type Necessary = Option<Vec<Vec<u8>>>;

/// Alternatives of an exact run before it is cut: `(a|b)(c|d)` has four.
const MAX_EXACT: usize = 16;
/// Literals that one regex may put into the index.
const MAX_SET: usize = 64;
/// A class of more bytes than this is not spelled out.
const MAX_CLASS: usize = 4;

/// The cheapest necessary set of a regex, and whether every match begins where one of the set does.
pub(super) fn of_regex(hir: &Hir, rarity: &Rarity) -> (Necessary, bool) {
    let seen = walk(hir, rarity);
    let exact = seen.exact.and_then(usable);
    cheapest([(exact, true), (seen.set, seen.leads)], rarity)
}

/// The set of a list: its entries. An empty entry matches without any literal.
pub(super) fn of_list(entries: &[Vec<u8>]) -> Necessary {
    usable(entries.iter().map(|entry| entry.to_ascii_lowercase()).collect())
}

/// The set of a pattern on a field: the field's name has to stand in the line too, unless decoding gives it.
///
/// So `PRIORITY` equal to `3` is looked for by its name, not by a digit that stands in every line.
pub(super) fn of_field(field: &str, texts: Option<&[Vec<u8>]>, set: Necessary, rarity: &Rarity) -> Necessary {
    // A dotted name may stand in pieces: its last one is there either way.
    let last = field.rsplit('.').next().unwrap_or(field);
    let mut name = vec![last.to_ascii_lowercase().into_bytes()];
    name.extend(beside(field).map(<[u8]>::to_vec));
    let by_name = match texts {
        // Nothing matches an empty list.
        Some([]) => return set,
        Some(texts) => {
            let given = texts.iter().filter(|text| is_given(field, Some(text)));
            let given: Vec<Vec<u8>> = given.map(|text| text.to_ascii_lowercase()).collect();
            if given.len() == texts.len() { None } else { usable([given, name].concat()) }
        }
        None if is_given(field, None) => None,
        None => usable(name),
    };
    cheapest([(set, false), (by_name, false)], rarity).0
}

struct Seen {
    /// All texts that this part can match, if they are few.
    exact: Option<Vec<Vec<u8>>>,
    /// A necessary set of this part, if there is one.
    set: Necessary,
    /// Whether whatever this part matches begins where one of that set does.
    leads: bool,
}

impl Seen {
    fn anything() -> Seen {
        Seen { exact: None, set: None, leads: false }
    }

    fn exact(texts: Vec<Vec<u8>>) -> Seen {
        Seen { set: usable(texts.clone()), exact: Some(texts), leads: true }
    }
}

fn walk(hir: &Hir, rarity: &Rarity) -> Seen {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Seen::exact(vec![Vec::new()]),
        HirKind::Literal(literal) => Seen::exact(vec![literal.0.to_ascii_lowercase()]),
        HirKind::Class(class) => spelled(class).map_or_else(Seen::anything, Seen::exact),
        HirKind::Capture(capture) => walk(&capture.sub, rarity),
        HirKind::Repetition(repetition) => {
            let sub = walk(&repetition.sub, rarity);
            match (repetition.min, repetition.max) {
                (1, Some(1)) => sub,
                // `ab?c` is `abc` or `ac`: worth spelling out while it is small.
                (0, Some(1)) => match sub.exact {
                    Some(mut texts) if texts.len() < MAX_CLASS => {
                        texts.push(Vec::new());
                        Seen { exact: Some(texts), ..Seen::anything() }
                    }
                    _ => Seen::anything(),
                },
                (0, _) => Seen::anything(),
                _ => Seen { exact: None, ..sub },
            }
        }
        HirKind::Concat(parts) => concat(parts, rarity),
        HirKind::Alternation(parts) => alternation(parts, rarity),
    }
}

fn concat(parts: &[Hir], rarity: &Rarity) -> Seen {
    let mut sets: Vec<(Necessary, bool)> = Vec::new();
    let mut run: Vec<Vec<u8>> = vec![Vec::new()];
    // While it is whole, the run begins where the match does.
    let mut whole = true;
    for part in parts {
        let seen = walk(part, rarity);
        let product = seen.exact.as_ref().and_then(|texts| cross(&run, texts));
        match product {
            Some(longer) => run = longer,
            None => {
                let is_first = whole && run.iter().all(Vec::is_empty);
                let next = seen.exact.unwrap_or_else(|| vec![Vec::new()]);
                sets.push((usable(std::mem::replace(&mut run, next)), whole));
                sets.push((seen.set, is_first && seen.leads));
                whole = false;
            }
        }
    }
    sets.push((usable(run.clone()), whole));
    let (set, leads) = cheapest(sets, rarity);
    Seen { exact: whole.then_some(run), set, leads }
}

fn alternation(parts: &[Hir], rarity: &Rarity) -> Seen {
    let seen: Vec<Seen> = parts.iter().map(|part| walk(part, rarity)).collect();
    let exact: Option<Vec<Vec<u8>>> =
        seen.iter().map(|seen| seen.exact.clone()).collect::<Option<Vec<_>>>().map(|t| t.concat());
    let sets: Option<Vec<Vec<Vec<u8>>>> = seen.iter().map(|seen| seen.set.clone()).collect();
    let set = sets.map(|sets| sets.concat()).filter(|set| set.len() <= MAX_SET).and_then(usable);
    let leads = seen.iter().all(|seen| seen.leads);
    Seen { exact: exact.filter(|texts| texts.len() <= MAX_EXACT), set, leads }
}

fn cross(left: &[Vec<u8>], right: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    if left.len() * right.len() > MAX_EXACT {
        return None;
    }
    let join = |head: &Vec<u8>, tail: &Vec<u8>| [&head[..], &tail[..]].concat();
    Some(left.iter().flat_map(|head| right.iter().map(move |tail| join(head, tail))).collect())
}

/// The texts of a small class, folded: `[Ee]` is `e`.
fn spelled(class: &Class) -> Option<Vec<Vec<u8>>> {
    let mut texts: Vec<Vec<u8>> = Vec::new();
    let mut add = |text: Vec<u8>| {
        if !texts.contains(&text) {
            texts.push(text);
        }
        texts.len() <= MAX_CLASS
    };
    match class {
        Class::Bytes(class) => {
            for range in class.ranges() {
                for byte in range.start()..=range.end() {
                    if !add(vec![byte.to_ascii_lowercase()]) {
                        return None;
                    }
                }
            }
        }
        Class::Unicode(class) => {
            for range in class.ranges() {
                for character in range.start()..=range.end() {
                    let mut buffer = [0; 4];
                    if !add(character.encode_utf8(&mut buffer).to_ascii_lowercase().into_bytes()) {
                        return None;
                    }
                }
            }
        }
    }
    Some(texts).filter(|texts| !texts.is_empty())
}

fn usable(mut texts: Vec<Vec<u8>>) -> Necessary {
    texts.sort();
    texts.dedup();
    match texts.is_empty() || texts.iter().any(Vec::is_empty) {
        true => None,
        false => Some(texts),
    }
}

/// The cheapest of these sets, with what is said of it.
fn cheapest(sets: impl IntoIterator<Item = (Necessary, bool)>, rarity: &Rarity) -> (Necessary, bool) {
    let cost = |set: &Vec<Vec<u8>>| set.iter().map(|literal| 1 + rarity.cost(literal)).sum::<u64>();
    let shortest = |set: &Vec<Vec<u8>>| set.iter().map(Vec::len).min();
    let known = sets.into_iter().filter_map(|(set, leads)| Some((set?, leads)));
    // Of those that are as rare one that leads, then the longest: it leaves more grams to choose from.
    let found = known.min_by_key(|(set, leads)| (cost(set), !leads, Reverse(shortest(set))));
    found.map_or((None, false), |(set, leads)| (Some(set), leads))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(regex: &str, expected: &[&str]) {
        let hir = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(regex).unwrap();
        let found = of_regex(&hir, &Rarity::default()).0.unwrap_or_default();
        let found: Vec<_> = found.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
        assert_eq!(found, expected, "regex {regex:?}");
    }

    #[test]
    fn literals_of_regexes() {
        check(r"^Failed password for", &["failed password for"]);
        check(r"(?i)ErRor\d", &["error"]);
        check(r"(?:alpha|beta)\d+", &["alpha", "beta"]);
        check(r"x(?:alpha|beta)y", &["xalphay", "xbetay"]);
        check(r"\d+zanzibar\s.*end", &["zanzibar"]);
        check(r"colou?rize", &["colorize", "colourize"]);
        check(r"(?:zanzibar)+", &["zanzibar"]);
        check(r"(?:zanzibar)*", &[]);
        check(r"(?:zanzibar|\d)", &[]);
        check(r".*", &[]);
        check(r"", &[]);
    }
    #[test]
    fn a_set_leads_where_matches_begin_with_it() {
        let leads = |regex: &str| {
            let hir =
                regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(regex).unwrap();
            of_regex(&hir, &Rarity::default()).1
        };
        for regex in [
            "zanzibar",
            "^zanzibar .* a",
            "\\bzanzibar",
            "(?:zanzibar|timbuktu)\\d",
            "(?:zanzibar)+",
            "(zan(?:zi)?bar)x*",
        ] {
            assert!(leads(regex), "{regex:?}");
        }
        for regex in
            ["\\dzanzibar", "x*zanzibar", ".*", "(?:zanzibar|\\dtimbuktu)", "[^x]zanzibar|timbuktu\\d"]
        {
            assert!(!leads(regex), "{regex:?}");
        }
    }
}
