use alloc::string::{String, ToString};
use alloc::vec::Vec;

use regex_syntax::hir::{Hir, HirKind};

use super::{Limit, ManifestError, Problem, regex_size};

/// The compiled size that a pack's regex may have, in bytes.
pub const REGEX_BYTES: usize = 64 * 1024;
/// How deep its parts may be in each other.
const NESTED: u32 = 100;

/// How every regex of a pack is compiled, wherever: on bytes, Unicode off unless asked for.
pub fn regex_builder(regex: &str, unicode: bool, case_insensitive: bool) -> regex::bytes::RegexBuilder {
    let mut builder = regex::bytes::RegexBuilder::new(regex);
    builder.unicode(unicode).case_insensitive(case_insensitive).size_limit(REGEX_BYTES).nest_limit(NESTED);
    builder
}

/// Sees that a regex compiles; answers its named groups in order.
pub(super) fn captures(
    path: &str,
    regex: &str,
    unicode: bool,
    case_insensitive: bool,
) -> Result<Vec<String>, ManifestError> {
    if regex.len() > Limit::REGEX {
        return Err(ManifestError::limit(path, "bytes of a regex", Limit::REGEX, regex.len()));
    }
    // Compiling is most of what reading a manifest takes, and most regexes are so small that they surely do.
    let names = match small(regex, unicode, case_insensitive) {
        Some(hir) => names(&hir),
        None => compiled(path, regex, unicode, case_insensitive)?,
    };
    if names.len() > Limit::CAPTURES {
        return Err(ManifestError::limit(path, "named groups", Limit::CAPTURES, names.len()));
    }
    Ok(names)
}

/// The regex as [`regex_builder`] parses it, if it is known without compiling it that it is within [`REGEX_BYTES`].
fn small(regex: &str, unicode: bool, case_insensitive: bool) -> Option<Hir> {
    let mut parser = regex_syntax::ParserBuilder::new();
    parser.unicode(unicode).utf8(false).case_insensitive(case_insensitive).nest_limit(NESTED);
    let hir = parser.build().parse(regex).ok()?;
    regex_size::at_most(&hir).is_some_and(|bytes| bytes <= REGEX_BYTES).then_some(hir)
}

/// Compiles it; says what is wrong with it if it does not.
fn compiled(
    path: &str,
    regex: &str,
    unicode: bool,
    case_insensitive: bool,
) -> Result<Vec<String>, ManifestError> {
    let compiled = regex_builder(regex, unicode, case_insensitive).build().map_err(|error| {
        let message = match error {
            regex::Error::CompiledTooBig(limit) => {
                alloc::format!("expected a regex that compiles to at most {limit} bytes, this one is larger")
            }
            other => other.to_string(),
        };
        ManifestError::new(path, Problem::Regex(message))
    })?;
    Ok(compiled.capture_names().flatten().map(String::from).collect())
}

/// The named groups, in order.
fn names(hir: &Hir) -> Vec<String> {
    fn walk<'h>(hir: &'h Hir, found: &mut Vec<(u32, &'h str)>) {
        match hir.kind() {
            HirKind::Capture(capture) => {
                found.extend(capture.name.as_deref().map(|name| (capture.index, name)));
                walk(&capture.sub, found);
            }
            HirKind::Repetition(repetition) => walk(&repetition.sub, found),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => {
                parts.iter().for_each(|part| walk(part, found));
            }
            HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => {}
        }
    }
    let mut found = Vec::new();
    walk(hir, &mut found);
    found.sort_unstable();
    found.into_iter().map(|(_, name)| name.into()).collect()
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec};
    use core::cell::Cell;

    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;

    use super::*;

    /// Regexes of all kinds of parts, in each other.
    fn regex() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            "[a-z ]{1,12}",
            "[a-c]{1,3}(\\|[a-c]{1,3}){1,6}",
            Just(r"[^\x00-\xff]|\x{e9}|\xff".into()),
            prop::sample::select(vec![
                r"\w+",
                r"\S",
                r"\d{1,3}",
                ".*",
                ".*?",
                "[^x]",
                "(?:)",
                r"\b",
                r"\B",
                "^",
                "$",
                "(?m:^)",
                "(?m:$)",
                r"(?R:$)",
                r"[a-z0-9.:_-]+",
                r"\p{Greek}",
                "é",
                r"(?-u:\xff)",
                r"\b{start}",
                "(?i:straße)",
                "[a-a]",
            ])
            .prop_map(String::from),
        ];
        part.prop_recursive(5, 64, 6, |part| {
            prop_oneof![
                prop::collection::vec(part.clone(), 1..6).prop_map(|parts| parts.concat()),
                prop::collection::vec(part.clone(), 1..6)
                    .prop_map(|parts| format!("(?:{})", parts.join("|"))),
                prop::collection::vec(part.clone(), 1..6).prop_map(|parts| format!("({})", parts.join("|"))),
                (part.clone(), 0..1000u32).prop_map(|(part, n)| format!("(?P<n{n}>{part})")),
                (part.clone(), 0..4u32, 0..9u32)
                    .prop_map(|(part, n, m)| format!("(?:{part}){{{n},{}}}", n + m)),
                (part.clone(), 0..40u32).prop_map(|(part, n)| format!("(?:{part}){{{n},}}?")),
                (part, prop::sample::select(vec!["*", "+", "?", "*?", "{0}", "{25}"]))
                    .prop_map(|(part, times)| format!("(?:{part}){times}")),
            ]
        })
    }

    /// What is told of a regex that was not compiled holds if it is.
    fn check(text: &str, unicode: bool, case_insensitive: bool) -> bool {
        let Some(hir) = small(text, unicode, case_insensitive) else { return false };
        let bytes = regex_size::at_most(&hir).unwrap_or_default();
        let compiled = regex_builder(text, unicode, case_insensitive).size_limit(bytes).build();
        let compiled = compiled.unwrap_or_else(|error| panic!("{text:?} takes more than {bytes}: {error}"));
        let expected: Vec<&str> = compiled.capture_names().flatten().collect();
        assert_eq!(names(&hir), expected, "groups of {text:?}");
        true
    }

    #[test]
    fn what_is_small_compiles() {
        let small = Cell::new(0);
        let mut runner = TestRunner::new(ProptestConfig::with_cases(2000));
        let told =
            runner.run(&(regex(), any::<bool>(), any::<bool>()), |(text, unicode, case_insensitive)| {
                small.set(small.get() + u32::from(check(&text, unicode, case_insensitive)));
                Ok(())
            });
        assert_eq!(told, Ok(()));
        assert!(small.get() > 500, "of 2000 regexes {} are small", small.get());
    }

    #[test]
    fn usual_regexes_are_small() {
        for text in [
            "",
            r"^Failed (?P<method>\S+) for (?P<user>.*) from (?P<ip>[0-9.]{7,15}) port (?P<port>\d+)$",
            r"(?:(?P<a>x)|(?P<b>y)){2,}",
            r"user (?P<a>\w){0}(?P<b>b(?P<c>o))",
            "(?:get|post|put|patch|delete|getter)",
        ] {
            assert!(check(text, false, true), "{text:?}");
        }
        for text in [r"\w", "(", "(?P<a>x)(?P<a>y)", "(?:(?:a{50}){50}){50}", "[^\u{e9}]"] {
            assert!(!check(text, true, false), "{text:?}");
        }
    }
}
