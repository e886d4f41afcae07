//! Which level a line is of.

use tripline_sdk::prelude::*;

/// What a level's word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rank {
    /// Less than an error.
    Better,
    /// An error or worse.
    Error(Severity),
    /// Nothing that is known here.
    Unknown,
}

/// What a level's word says, in any case; numbers are pino's and bunyan's, letters are glog's.
pub(crate) fn rank(word: Text) -> Rank {
    const WORDS: [(&[&str], Rank); 3] = [
        (
            &[
                "trace",
                "debug",
                "info",
                "information",
                "notice",
                "warn",
                "warning",
                "10",
                "20",
                "30",
                "40",
                "d",
                "i",
                "w",
            ],
            Rank::Better,
        ),
        (&["error", "err", "eror", "severe", "50", "e"], Rank::Error(Severity::Medium)),
        (
            &["fatal", "critical", "crit", "alert", "emerg", "emergency", "panic", "60", "f"],
            Rank::Error(Severity::High),
        ),
    ];
    let known = WORDS.iter().find(|(words, _)| words.iter().any(|known| word.eq_ignore_ascii_case(known)));
    known.map_or(Rank::Unknown, |(_, rank)| *rank)
}

/// Levels that make a line no error, whatever it says behind them.
const BETTER: [&str; 6] = ["TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING"];

/// The first of the words that stands by itself, unless a better level stands before it: `INFO 3 ERROR lines seen` is
/// no error.
pub(crate) fn word<'w>(text: &[u8], words: &'w [String]) -> Option<&'w str> {
    let found = words.iter().filter_map(|word| Some((alone(text, word.as_bytes())?, word)));
    let (at, word) = found.min_by_key(|(at, _)| *at)?;
    (!says_better(&text[..at])).then_some(word)
}

/// Whether a level that is better than an error stands by itself in the text.
pub(crate) fn says_better(text: &[u8]) -> bool {
    BETTER.iter().any(|level| alone(text, level.as_bytes()).is_some())
}

/// Where a word stands by itself: not in a name, a path, a query or a quotation.
fn alone(text: &[u8], word: &[u8]) -> Option<usize> {
    let (&first, &last) = (word.first()?, word.last()?);
    let mut from = 0;
    while let Some(at) = find(&text[from..], word) {
        let (start, end) = (from + at, from + at + word.len());
        // A word that ends in punctuation, like "error:", says itself where it ends.
        let begins = !first.is_ascii_alphanumeric() || begins(text, start, end);
        if begins && (!last.is_ascii_alphanumeric() || ends(text, end)) {
            return Some(start);
        }
        from = start + 1;
    }
    None
}

fn begins(text: &[u8], start: usize, end: usize) -> bool {
    match start.checked_sub(1).and_then(|before| text.get(before)) {
        None => true,
        // `production.ERROR: `, as PHP's loggers write it.
        Some(b'.') => text.get(end) == Some(&b':'),
        Some(byte) => {
            byte.is_ascii_whitespace()
                || matches!(byte, b'[' | b'(' | b'<' | b'{' | b'|' | b':' | b';' | b',' | b'*' | b'>')
        }
    }
}

fn ends(text: &[u8], end: usize) -> bool {
    match text.get(end) {
        None => true,
        Some(b'.') => text.get(end + 1).is_none_or(u8::is_ascii_whitespace),
        Some(byte) => {
            byte.is_ascii_whitespace()
                || matches!(byte, b']' | b')' | b'>' | b'}' | b'|' | b':' | b';' | b',' | b'!' | b'*')
        }
    }
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::word;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let words = ["ERROR", "FATAL", "error:"].map(String::from);
        assert_eq!(word(text.as_bytes(), &words), expected, "{text}");
    }

    #[test]
    fn a_word_by_itself_is_a_level() {
        for text in [
            "ERROR x",
            "a ERROR",
            "[ERROR] x",
            "main|ERROR|x",
            "app.ERROR: x",
            "x: ERROR: y",
            "<ERROR>",
            "ERROR.",
        ] {
            check(text, Some("ERROR"));
        }
        check("git error: no such branch", Some("error:"));
        check("FATAL ERROR", Some("FATAL"));
    }

    #[test]
    fn a_part_of_something_is_none() {
        for text in [
            "ERRORS",
            "/ERROR",
            "ERROR_CODE",
            "x=ERROR",
            "\"ERROR\"",
            "a.ERROR.b",
            "ERROR.html",
            "myERROR",
            "?ERROR",
            "",
        ] {
            check(text, None);
        }
        check("INFO 3 ERROR lines", None);
        check("[WARN] ERROR", None);
        check("INFORM ERROR", Some("ERROR"));
    }
}
