//! Whether a script says that there is a hole: to programs, by the words of nmap's library for holes, or to people alone, as
//! old and foreign scripts do.

/// What they all begin with that have found one: also `VULNERABLE (Exploitable)`, `VULNERABLE (DoS)`.
const THERE: [&str; 2] = ["VULNERABLE", "LIKELY VULNERABLE"];
const NOT_THERE: &str = "NOT VULNERABLE";
/// How the library heads its states for people.
const STATE: &str = "State:";

/// By the state that it tells programs; `None`: it does not say.
pub(super) fn of_state(state: &str) -> Option<bool> {
    let state = state.trim();
    if THERE.iter().any(|there| is_first_of(there, state)) {
        return Some(true);
    }
    is_first_of(NOT_THERE, state).then_some(false)
}

/// By what it tells people: a line that says that there is one, or else one that says there is none.
pub(super) fn of_output(output: &str) -> Option<bool> {
    if !output.contains(THERE[0]) {
        return None;
    }
    let said = |line: &str| {
        let line = line.trim();
        of_state(line.strip_prefix(STATE).unwrap_or(line))
    };
    output.lines().filter_map(said).reduce(|one, other| one || other)
}

/// Whether a text begins with these words, and not with a longer one.
fn is_first_of(words: &str, text: &str) -> bool {
    text.strip_prefix(words)
        .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_of_the_library_is_known() {
        for (state, said) in [
            ("VULNERABLE", Some(true)),
            (" VULNERABLE ", Some(true)),
            ("VULNERABLE (DoS)", Some(true)),
            ("VULNERABLE (Exploitable)", Some(true)),
            ("LIKELY VULNERABLE", Some(true)),
            ("NOT VULNERABLE", Some(false)),
            ("UNKNOWN (unable to test)", None),
            ("open", None),
            ("VULNERABLENESS", None),
            ("", None),
        ] {
            assert_eq!(of_state(state), said, "{state}");
        }
    }

    #[test]
    fn what_is_told_to_people_alone_is_heard_too() {
        for (output, said) in [
            ("VULNERABLE:", Some(true)),
            ("\n  VULNERABLE:\n  A hole\n    State: VULNERABLE (DoS)\n", Some(true)),
            ("\n  VULNERABLE: Anonymous access\n", Some(true)),
            ("\n  NOT VULNERABLE:\n  A hole\n    State: NOT VULNERABLE\n", Some(false)),
            ("NOT VULNERABLE: one\nLIKELY VULNERABLE: another", Some(true)),
            ("State: VULNERABLE", Some(true)),
            // A word in a sentence says nothing.
            ("This server is not VULNERABLE", None),
            ("ERROR: could not tell whether it is VULNERABLE", None),
            ("", None),
        ] {
            assert_eq!(of_output(output), said, "{output}");
        }
    }
}
