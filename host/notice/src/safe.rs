//! Texts of strangers, made safe for a mail: nothing hidden, no live link, no more than fits.

use crate::defang::defang;
use crate::visible::{is_hidden, visible, visible_bytes};

/// One line; line breaks in it are shown as `\n`.
pub(crate) fn line(text: &str, limit: usize) -> String {
    defang(&visible(text.trim(), limit))
}

/// As [`line`], of bytes as they were read; spaces stay, since stack traces are indented.
pub(crate) fn line_of_bytes(bytes: &[u8], limit: usize) -> String {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    defang(&visible_bytes(bytes, limit))
}

/// Some lines of a text that may have many, without the empty ones; what is left out is marked by a last line `…`.
pub(crate) fn lines(text: &str, most: usize, limit: usize) -> Vec<String> {
    let mut all = text.lines().filter(|one| !one.trim().is_empty());
    let mut out: Vec<String> = all.by_ref().take(most).map(|one| line(one, limit)).collect();
    if all.next().is_some() {
        out.push("…".into());
    }
    out
}

/// What a template made, with nothing hidden in it but line breaks: an operator's template may say `\u202e`.
pub(crate) fn rendered(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => out.push('\n'),
            '\t' => out.push_str("    "),
            hidden if is_hidden(hidden) => {}
            plain => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn few_lines_of_many() {
        assert_eq!(lines("one\ntwo\n", 2, 9), ["one", "two"]);
        assert_eq!(lines("one\r\ntwo\nthree", 2, 9), ["one", "two", "…"]);
        assert_eq!(lines(" \n ", 2, 9), Vec::<String>::new());
    }
}
