use std::borrow::Cow;

use sha2::{Digest, Sha256};
use tripline_engine::decision::Decision;
use tripline_engine::judge::with_texts;

/// The group of a pattern that is blotted out alone; without it the whole match is.
const GROUP: &str = "secret";
const BLOT: &[u8] = b"[redacted]";

/// What is blotted out of evidence, titles, summaries, values and fingerprints before it is stored: passwords, tokens.
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    patterns: Vec<regex::bytes::Regex>,
}

impl Redaction {
    /// Blots out what these patterns find.
    pub fn new(patterns: &[String]) -> Result<Redaction, regex::Error> {
        let compiled = patterns
            .iter()
            .map(|pattern| regex::bytes::RegexBuilder::new(pattern).size_limit(1 << 20).build());
        Ok(Redaction { patterns: compiled.collect::<Result<_, _>>()? })
    }

    /// Whether it does anything.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The decision without what must not be stored. A fingerprint that loses something by that still has to tell
    /// incidents apart: `mark` makes a word of it as it was, which stands behind what is left.
    pub fn apply(&self, decision: &mut Decision, mark: impl FnOnce(&[u8]) -> String) {
        if self.is_empty() {
            return;
        }
        for text in [&mut decision.title, &mut decision.summary] {
            self.text(text);
        }
        decision.values.iter_mut().for_each(|(_, value)| self.text(value));
        if let Some(given) = &mut decision.fingerprint {
            self.fingerprint(given, mark);
        }
        for evidence in &mut decision.evidence {
            if let Some(blotted) = evidence.text.as_deref().and_then(|text| self.blotted(text)) {
                evidence.replace(blotted);
            }
        }
    }

    /// Blots out what must not be stored of a fingerprint, and puts `mark`'s word for it behind; answers whether there was
    /// anything.
    pub fn fingerprint(&self, given: &mut Vec<u8>, mark: impl FnOnce(&[u8]) -> String) -> bool {
        let Some(blotted) = self.blotted(given) else { return false };
        *given = [&blotted[..], b" ", mark(given).as_bytes()].concat();
        true
    }

    /// The text without what must not be stored; `None`: there is nothing of that in it.
    pub fn blotted(&self, text: &[u8]) -> Option<Vec<u8>> {
        match self.bytes(text) {
            // A pattern may find what it has left before.
            Cow::Owned(blotted) => Some(blotted).filter(|blotted| blotted != text),
            Cow::Borrowed(_) => None,
        }
    }

    /// SHA-256 of the patterns: whether they are others than before.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for pattern in &self.patterns {
            hash.update((pattern.as_str().len() as u64).to_be_bytes());
            hash.update(pattern.as_str());
        }
        hash.finalize().into()
    }

    /// What the host remembers for a pack, without what must not be stored: the texts of evidence that may be asked for
    /// later. What the pack itself saved is not looked at: only the pack knows what it is.
    pub fn host(&self, host: &mut Vec<u8>) {
        if !self.is_empty() {
            *host = with_texts(host, |text| self.blotted(text));
        }
    }

    /// Blots out of a text what must not be stored.
    pub fn text(&self, text: &mut String) {
        if let Cow::Owned(blotted) = self.bytes(text.as_bytes()) {
            *text = String::from_utf8_lossy(&blotted).into_owned();
        }
    }

    fn bytes<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        let mut out = Cow::Borrowed(text);
        for pattern in &self.patterns {
            if !pattern.is_match(&out) {
                continue;
            }
            let blotted = pattern.replace_all(&out, |found: &regex::bytes::Captures<'_>| {
                let Some(whole) = found.get(0) else { return Vec::new() };
                let secret = found.name(GROUP).unwrap_or(whole);
                let (from, to) = (secret.start() - whole.start(), secret.end() - whole.start());
                [&whole.as_bytes()[..from], BLOT, &whole.as_bytes()[to..]].concat()
            });
            out = Cow::Owned(blotted.into_owned());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_is_blotted_out_or_the_whole_match() {
        let redaction = Redaction::new(&["password=(?<secret>\\S+)".into(), "tok_[a-z]+".into()]).unwrap();
        let bytes = redaction.bytes(b"login password=hunter2 tok_abc \xff");
        assert_eq!(&bytes[..], b"login password=[redacted] [redacted] \xff");
        assert!(matches!(redaction.bytes(b"nothing"), Cow::Borrowed(_)));
        assert_eq!(redaction.blotted(b"password=x").as_deref(), Some(&b"password=[redacted]"[..]));
        assert_eq!(redaction.blotted(b"password=[redacted]"), None);
    }
}
