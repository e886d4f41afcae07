use std::fmt;
use std::str::FromStr;

/// What nmap takes for many scripts at once: its categories, and all there are.
const MANY: [&str; 15] = [
    "all",
    "auth",
    "broadcast",
    "brute",
    "default",
    "discovery",
    "dos",
    "exploit",
    "external",
    "fuzzer",
    "intrusive",
    "malware",
    "safe",
    "version",
    "vuln",
];

/// The plain name of an NSE script. No path, no pattern, no argument, no category.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Script(String);

/// A text that is no plain name of a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the plain name of a script like ssl-cert, found `{0}`")]
pub struct ScriptError(String);

impl Script {
    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Script, ScriptError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let begins = text.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit());
        if (1..=64).contains(&text.len()) && text.bytes().all(plain) && begins && !MANY.contains(&text) {
            return Ok(Script(text.into()));
        }
        Err(ScriptError(text.chars().take(80).collect()))
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{MANY, Script};

    #[test]
    fn a_script_is_a_plain_name() {
        for name in ["ssl-cert", "smb-vuln-ms17-010", "http-title"] {
            assert_eq!(name.parse::<Script>().map(|script| script.to_string()).as_deref(), Ok(name));
        }
        let wrong =
            ["", "-oN", "../x", "/tmp/x.nse", "ssl-*", "a,b", "a b", "not a", "+ssl-cert", "SSL", "a.nse"];
        for name in wrong.into_iter().chain(MANY) {
            assert!(name.parse::<Script>().is_err(), "{name}");
        }
    }
}
