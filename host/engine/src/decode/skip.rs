//! Going over bytes of one kind.

/// The first place from `at` on whose byte is of another kind; the line's end, if there is none.
///
/// Header words are a few bytes long: a plain loop beat memchr's start-up and the iterators' adapters.
#[inline]
pub(super) fn skip(line: &[u8], mut at: usize, kind: impl Fn(u8) -> bool) -> usize {
    while let Some(byte) = line.get(at)
        && kind(*byte)
    {
        at += 1;
    }
    at
}

/// The first place from `at` on that is no blank.
#[inline]
pub(super) fn blanks(line: &[u8], at: usize) -> usize {
    skip(line, at, |byte| matches!(byte, b' ' | b'\t'))
}

/// One past the word at `start`.
#[inline]
pub(super) fn word_end(line: &[u8], start: usize) -> usize {
    skip(line, start, |byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}
