//! The level of a line in an application's log.

use crate::event::Place;

use super::skip::{blanks, word_end};

/// How many words behind the stamp may be the level: `[main] 1234 --- ERROR` has it fourth.
const WORDS: usize = 4;

/// Whether a word is a level, in any case.
pub(super) fn is_level(word: &[u8]) -> bool {
    let mut lower = [0; 9];
    let Some(lower) = lower.get_mut(..word.len()) else { return false };
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    let low: &[u8] = lower;
    matches!(
        low,
        b"trace"
            | b"debug"
            | b"info"
            | b"notice"
            | b"warn"
            | b"warning"
            | b"error"
            | b"err"
            | b"critical"
            | b"crit"
            | b"alert"
            | b"emerg"
            | b"emergency"
            | b"fatal"
            | b"severe"
            | b"panic"
    )
}

/// Whether a word before a colon says what went wrong rather than which program: `panic`, `ValueError`.
pub(super) fn names_a_failure(word: &[u8]) -> bool {
    let ends =
        |end: &[u8]| word.len() >= end.len() && word[word.len() - end.len()..].eq_ignore_ascii_case(end);
    is_level(word) || ends(b"error") || ends(b"exception") || ends(b"warning")
}

/// Where the level stands in the text at `start`: `ERROR`, `ERROR:`, `[error]`, `[core:error]`.
///
/// The first word may be in any case; behind it only capitals and brackets count, since `error` may be prose.
pub(super) fn level(line: &[u8], start: usize) -> Option<Place> {
    let mut at = blanks(line, start);
    for number in 0..WORDS {
        let end = word_end(line, at);
        if at == end {
            return None;
        }
        let bracketed = line[at] == b'[';
        let word = bare(line, at, end);
        let text = &line[word.start as usize..word.end as usize];
        if is_level(text) && (number == 0 || bracketed || text.iter().all(u8::is_ascii_uppercase)) {
            return Some(word);
        }
        at = blanks(line, end);
    }
    None
}

/// The word without what stands around it, and without Apache's module.
fn bare(line: &[u8], mut start: usize, mut end: usize) -> Place {
    if matches!(line[start], b'[' | b'(' | b'<') {
        start += 1;
    }
    while end > start && matches!(line[end - 1], b']' | b')' | b'>' | b':' | b',' | b'|') {
        end -= 1;
    }
    let module = line[start..end].iter().position(|byte| *byte == b':').map_or(0, |colon| colon + 1);
    Place::line(start + module, end)
}
