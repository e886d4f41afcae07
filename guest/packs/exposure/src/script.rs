use std::str::FromStr;

use crate::expected::Expected;

/// The plain name of a script, as scans are asked for them: no path, no pattern. Another would never answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Script;

impl FromStr for Script {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        let is_first = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let plain = text.bytes().all(|byte| is_first(&byte) || byte == b'-');
        match plain && text.as_bytes().first().is_some_and(is_first) {
            true => Ok(Script),
            false => Err(Expected::new("the plain name of a script, like ftp-anon", text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Script;

    #[test]
    fn a_script_is_a_plain_name() {
        for name in ["ftp-anon", "smb-vuln-ms17-010", "x11-access"] {
            assert!(name.parse::<Script>().is_ok(), "{name}");
        }
        for name in ["", "../x", "/tmp/x.nse", "ssl-*", "a,b", "a b", "-a", "SSL", "a.nse"] {
            assert!(name.parse::<Script>().is_err(), "{name}");
        }
    }
}
