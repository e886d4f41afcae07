use std::fmt;

/// A text in which `*` stands for any characters; everything else for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern as it is written.
    pub fn new(text: impl Into<String>) -> Pattern {
        Pattern(text.into())
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for the whole of this text.
    pub fn takes(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            // The leftmost place leaves most for what follows.
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn stars_stand_for_anything() {
        let takes = |pattern: &str, text| Pattern::new(pattern).takes(text);
        assert!(takes("sshd/*", "sshd/guessing") && takes("*", "") && takes("a*b*c", "a-b-b-c"));
        assert!(takes("exact", "exact") && takes("**", "x") && takes("*/auth.log", "/var/log/auth.log"));
        assert!(!takes("sshd/*", "sshd") && !takes("exact", "exactly") && !takes("a*a", "a"));
        assert!(!takes("a*b*c", "a-c-b") && !takes("", "x") && takes("", ""));
    }
}
