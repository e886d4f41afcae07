use tripline_abi::manifest::Limit;

use crate::builtin;

/// Why a name is no pack's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameError {
    #[error(
        "expected a name of lower case letters, digits and hyphens that starts with a letter, found {0:?}"
    )]
    Shape(String),
    #[error("expected a name of at most {most} bytes, found {0}", most = Limit::NAME)]
    Long(usize),
    #[error("expected a name of its own, found `{0}`, the name of a built-in pack")]
    Builtin(String),
    #[error("expected a name that can be a crate's, found `{0}`, which Rust or Tripline uses itself")]
    Reserved(String),
}

/// Words of Rust and crates that the tests of a pack use beside it.
const RESERVED: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
    "tripline",
    "tripline-abi",
    "tripline-engine",
    "tripline-sdk",
    "tripline-sdk-macros",
];

/// Whether a new pack, and its crate, may have this name.
pub(super) fn check(name: &str) -> Result<(), NameError> {
    let shape = name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    match name {
        _ if name.len() > Limit::NAME => Err(NameError::Long(name.len())),
        _ if !shape => Err(NameError::Shape(name.into())),
        _ if builtin::NAMES.contains(&name) => Err(NameError::Builtin(name.into())),
        _ if RESERVED.contains(&name) => Err(NameError::Reserved(name.into())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{NameError, check};

    #[test]
    fn names() {
        assert_eq!(check("web-2"), Ok(()));
        for bad in ["", "-a", "a-", "2a", "Web", "a_b", "../x", "a b", "ä"] {
            assert_eq!(check(bad), Err(NameError::Shape(bad.into())));
        }
        assert_eq!(check("sshd"), Err(NameError::Builtin("sshd".into())));
        assert_eq!(check("match"), Err(NameError::Reserved("match".into())));
        assert_eq!(check(&"a".repeat(65)), Err(NameError::Long(65)));
    }
}
