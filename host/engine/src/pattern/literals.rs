//! Literals that every match of a pattern contains at least one of, ASCII case folded.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::rarity::Rarity;
use crate::decode::is_given;

/// A set of folded literals; every value that the pattern matches contains at least one. `None`: no such set.
pub type Necessary = Option<Vec<Vec<u8>>>;

/// Alternatives of an exact run before it is cut: `(a|b)(c|d)` has four.
const MAX_EXACT: usize = 16;
/// Literals that one regex may put into the index.
const MAX_SET: usize = 64;
/// A class of more bytes than this is not spelled out.
const MAX_CLASS: usize = 4;

/// The cheapest necessary set of a regex.
pub(super) fn of_regex(hir: &Hir, rarity: &Rarity) -> Necessary {
    let seen = walk(hir, rarity);
    let exact = seen.exact.and_then(usable);
    cheapest([exact, seen.set], rarity)
}

/// The set of a list: its entries. An empty entry matches without any literal.
pub(super) fn of_list(entries: &[Vec<u8>]) -> Necessary {
    usable(entries.iter().map(|entry| entry.to_ascii_lowercase()).collect())
}

/// The set of a pattern on a field: the field's name has to stand in the line too, unless decoding gives it.
///
/// So `PRIORITY` equal to `3` is looked for by its name, not by a digit that stands in every line.
pub(super) fn of_field(field: &str, texts: Option<&[Vec<u8>]>, set: Necessary, rarity: &Rarity) -> Necessary {
    let name = vec![field.to_ascii_lowercase().into_bytes()];
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
    cheapest([set, by_name], rarity)
}

struct Seen {
    /// All texts that this part can match, if they are few.
    exact: Option<Vec<Vec<u8>>>,
    /// A necessary set of this part, if there is one.
    set: Necessary,
}

impl Seen {
    fn anything() -> Seen {
        Seen { exact: None, set: None }
    }

    fn exact(texts: Vec<Vec<u8>>) -> Seen {
        Seen { set: usable(texts.clone()), exact: Some(texts) }
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
                        Seen { exact: Some(texts), set: None }
                    }
                    _ => Seen::anything(),
                },
                (0, _) => Seen::anything(),
                _ => Seen { exact: None, set: sub.set },
            }
        }
        HirKind::Concat(parts) => concat(parts, rarity),
        HirKind::Alternation(parts) => alternation(parts, rarity),
    }
}

fn concat(parts: &[Hir], rarity: &Rarity) -> Seen {
    let mut sets: Vec<Necessary> = Vec::new();
    let mut run: Vec<Vec<u8>> = vec![Vec::new()];
    let mut whole = true;
    for part in parts {
        let seen = walk(part, rarity);
        let product = seen.exact.as_ref().and_then(|texts| cross(&run, texts));
        match product {
            Some(longer) => run = longer,
            None => {
                whole = false;
                let next = seen.exact.unwrap_or_else(|| vec![Vec::new()]);
                sets.push(usable(std::mem::replace(&mut run, next)));
                sets.push(seen.set);
            }
        }
    }
    sets.push(usable(run.clone()));
    Seen { exact: whole.then_some(run), set: cheapest(sets, rarity) }
}

fn alternation(parts: &[Hir], rarity: &Rarity) -> Seen {
    let seen: Vec<Seen> = parts.iter().map(|part| walk(part, rarity)).collect();
    let exact: Option<Vec<Vec<u8>>> =
        seen.iter().map(|seen| seen.exact.clone()).collect::<Option<Vec<_>>>().map(|t| t.concat());
    let sets: Option<Vec<Vec<Vec<u8>>>> = seen.iter().map(|seen| seen.set.clone()).collect();
    let set = sets.map(|sets| sets.concat()).filter(|set| set.len() <= MAX_SET).and_then(usable);
    Seen { exact: exact.filter(|texts| texts.len() <= MAX_EXACT), set }
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

fn cheapest(sets: impl IntoIterator<Item = Necessary>, rarity: &Rarity) -> Necessary {
    let cost = |set: &Vec<Vec<u8>>| set.iter().map(|literal| 1 + rarity.cost(literal)).sum::<u64>();
    sets.into_iter().flatten().min_by_key(cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(regex: &str, expected: &[&str]) {
        let hir = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(regex).unwrap();
        let found = of_regex(&hir, &Rarity::default()).unwrap_or_default();
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
}
