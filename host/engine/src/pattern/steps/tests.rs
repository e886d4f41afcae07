use std::sync::LazyLock;

use proptest::prelude::*;
use regex_automata::Input;
use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;

use super::*;
use crate::pattern::literals;
use crate::pattern::rarity::Rarity;

static RARITY: LazyLock<Rarity> = LazyLock::new(Rarity::default);

/// What walking says of a text, and whether that is what the library says; `None`: it gave up, or has no steps.
#[track_caller]
fn check(regex: &str, text: &[u8]) -> Option<bool> {
    let syntax = syntax::Config::new().unicode(false).utf8(false);
    let library =
        Regex::builder().configure(Config::new().utf8_empty(false)).syntax(syntax).build(regex).unwrap();
    let groups: Vec<usize> = (1..library.group_info().group_len(Default::default())).collect();
    let steps = Steps::new(&syntax::parse_with(regex, &syntax).unwrap(), &groups);
    let hir = syntax::parse_with(regex, &syntax).unwrap();
    let mut captures = library.create_captures();
    library.search_captures(&Input::new(text), &mut captures);
    let start = captures.get_match().map_or(0, |found| found.start());
    if let (true, (Some(set), leads)) = (captures.is_match(), literals::of_regex(&hir, &RARITY)) {
        let from = if leads { start..start + 1 } else { start..text.len() + 1 };
        let folded = text.to_ascii_lowercase();
        let stands = from.clone().any(|at| set.iter().any(|literal| folded[at..].starts_with(literal)));
        assert!(stands, "{regex:?} in \"{}\" without its literals: {set:?}, {leads}", text.escape_ascii());
    }
    let steps = steps?;
    let mut walk = Walk::default();
    // Twice, with the same memory, and from where the match is known to begin at the earliest.
    steps.find(text, 0, &mut walk);
    let walked = steps.find(text, start, &mut walk);
    if walked == Walked::GaveUp {
        return None;
    }
    let shown = text.escape_ascii();
    assert_eq!(walked == Walked::Matches, captures.is_match(), "{regex:?} in \"{shown}\"");
    if walked == Walked::Matches {
        assert_eq!(walk.groups().count(), groups.len());
        for (found, group) in walk.groups().zip(&groups) {
            let expected = captures.get_group(*group).map(|span| (span.start as u32, span.end as u32));
            assert_eq!(found, expected, "group {group} of {regex:?} in \"{shown}\"");
        }
    }
    Some(walked == Walked::Matches)
}

#[test]
fn patterns_of_logs_are_walked() {
    let text = b"Failed password for invalid user a from b from 192.0.2.7 port 22 ssh2";
    let matching = [
        r"Failed password for (\S+) ",
        r"^Failed (\S+) for (?:(?:invalid|illegal) user )?(.*) from ([0-9.]+) port (\d{1,5})(?: ssh\d?)?\s*$",
        r"(?i)INVALID USER (\S+)",
        r"\bport (\d+)\b",
        r"(?:password|publickey) for (?:(in)|(out))valid",
        r"user (.+?) from ([a-z0-9.]+?)(?: port|$)",
        r"(?:[a-z]+ )+(\w)",
        r"port (((\d+))) ssh",
    ];
    for regex in matching {
        assert_eq!(check(regex, text), Some(true), "{regex:?}");
    }
    assert_eq!(check(r"^password", text), Some(false));
    assert_eq!(check(r"ssh2.", text), Some(false));
}

#[test]
fn what_takes_too_long_is_given_up() {
    let many = b"ab".repeat(4000);
    assert_eq!(check(r"ab[^x]*x", &many), None);
    assert_eq!(check(r"(?:a*a*b*)b*a*b*a*b*x", &many), None);
}

#[test]
fn characters_of_several_bytes_are_for_the_library() {
    let hir = |regex| regex_syntax::ParserBuilder::new().utf8(false).build().parse(regex).unwrap();
    assert!(Steps::new(&hir(r"a[^b]"), &[]).is_none());
    assert!(Steps::new(&hir(r"a\d"), &[]).is_none());
    assert!(Steps::new(&hir(r"a[0-9]é"), &[]).is_some());
}

/// A regex over few letters, so that it often matches and its parts often meet.
fn regex() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => "[ab ]{1,3}".prop_map(String::from),
        3 => prop::sample::select(vec!["[ab]", "[^a]", "\\S", "\\w", ".", "[b ]", "(?i:ab)", "(?i:a)", "\\s"]).prop_map(String::from),
        1 => prop::sample::select(vec!["^", "$", "\\b", "\\B", "(?m:^)", "(?m:$)", "", "\\n"]).prop_map(String::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let repeats = vec!["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?", "{2,}", "{1,3}?"];
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 2..5).prop_map(|parts| parts.concat()),
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            2 => inner.clone().prop_map(|part| format!("({part})")),
            3 => (inner, prop::sample::select(repeats)).prop_map(|(part, repeat)| format!("(?:{part}){repeat}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn walking_finds_what_the_library_finds(regex in regex(), texts in prop::collection::vec("[abAB \n]{0,12}", 4)) {
        for text in texts {
            check(&regex, text.as_bytes());
        }
    }
}
