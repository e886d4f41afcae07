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

/// A place from `at` on, eight bytes at a time, before which no byte is of the kind that `stops` marks: in a word of
/// eight bytes the first such byte, by its top bit. From there on [`skip`] finds the place.
#[inline(always)]
fn leap(line: &[u8], mut at: usize, stops: impl Fn(u64) -> u64) -> usize {
    while let Some(bytes) = line.get(at..at + 8).and_then(<[u8]>::first_chunk) {
        match stops(u64::from_le_bytes(*bytes)) & 0x8080_8080_8080_8080 {
            0 => at += 8,
            marks => return at + marks.trailing_zeros() as usize / 8,
        }
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
    // Bytes up to the blank, of which there may be others than blanks, borrow: only from what stands behind them.
    let at = leap(line, start, |word| word.wrapping_sub(0x2121_2121_2121_2121) & !word);
    skip(line, at, |byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

/// A place from `start` on, before which all bytes are letters (or `@` or a backtick, to have it for less).
#[inline(always)]
pub(super) fn letters(line: &[u8], start: usize) -> usize {
    // Letters, made small, become their places in the alphabet: at most 26.
    leap(line, start, |word| {
        let places = (word | u64::from_le_bytes([b' '; 8])) ^ u64::from_le_bytes([b'`'; 8]);
        places.wrapping_add(0x6565_6565_6565_6565) | places
    })
}

/// The same of digits.
#[inline(always)]
pub(super) fn digits(line: &[u8], start: usize) -> usize {
    // Digits become their values: at most 9. What carries into the byte behind it has its own top bit set.
    leap(line, start, |word| {
        let values = word ^ u64::from_le_bytes([b'0'; 8]);
        values.wrapping_add(0x7676_7676_7676_7676) | values
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EDGES: &[u8] = b"\0\t\n\r\x1f !/09:@AZ[`az{\x7f\x80\xaf\xff";

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        /// Eight bytes at a time and one at a time, it is the same place.
        #[test]
        fn words_are_bytes(
            line in prop::collection::vec(prop_oneof![prop::sample::select(EDGES), b'0'..=b'9', b'a'..=b'z'], 0..40),
            at in 0..44usize,
        ) {
            let one_by_one = |kind: fn(u8) -> bool| skip(&line, at, kind);
            let end = one_by_one(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
            prop_assert_eq!(word_end(&line, at), end);
            let is_letter = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'@' | b'`');
            let ends = [one_by_one(is_letter), one_by_one(|byte| byte.is_ascii_digit())];
            for (place, end) in [letters(&line, at), digits(&line, at)].into_iter().zip(ends) {
                prop_assert!(place == end || place < end && line.len() - place < 8, "{place} {end}");
            }
        }
    }
}
