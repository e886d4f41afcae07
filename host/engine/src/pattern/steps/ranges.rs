//! A class that is one or two ranges of ASCII, or all but those, asked of eight bytes at once.
//!
//! Most runs of a log's patterns are numbers, addresses and words: where they end no branch can predict, and of eight bytes
//! it takes none to say so.

use super::first::Set;

/// Which bytes of a word are in the class. What is added to a byte's lower seven bits sets its top bit from a certain
/// byte on: once from where a range begins, and once from behind its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranges {
    from: [u64; 2],
    behind: [u64; 2],
    /// The top bit of each byte, if the class has what is in no range.
    outside: u64,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = 0x80 * ONES;

impl Ranges {
    /// `None`: the class has more ranges, or some only of the bytes that are not ASCII.
    pub(super) fn of(class: &Set) -> Option<Ranges> {
        let (ascii, outside) = class.halves()?;
        let mut left = if outside { !ascii } else { ascii };
        // A range that is not needed ends where it begins.
        let (mut from, mut behind) = ([0; 2], [0; 2]);
        for (from, behind) in from.iter_mut().zip(&mut behind) {
            if left == 0 {
                break;
            }
            let begin = left.trailing_zeros();
            let end = begin + (!(left >> begin)).trailing_zeros();
            *from = u64::from(0x80 - begin) * ONES;
            *behind = u64::from(0x80 - end) * ONES;
            left = left.checked_shr(end).map_or(0, |rest| rest << end);
        }
        (left == 0).then_some(Ranges { from, behind, outside: if outside { TOPS } else { 0 } })
    }

    /// Marks those of eight bytes that are not in the class, by their top bits.
    #[inline(always)]
    pub(super) fn others(&self, word: u64) -> u64 {
        let low = word & !TOPS;
        let Ranges { from: [from, from2], behind: [behind, behind2], outside } = *self;
        // Who is behind a range's end is also behind its begin.
        let within = (low + from) ^ (low + behind) ^ (low + from2) ^ (low + behind2);
        !(within & !word ^ outside) & TOPS
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    fn set(has: impl Fn(u8) -> bool) -> Set {
        let mut set = Set::default();
        (0..=255).filter(|&byte| has(byte)).for_each(|byte| set.add(usize::from(byte)));
        set
    }

    #[test]
    fn words_are_bytes() {
        let classes: [fn(u8) -> bool; 10] = [
            |byte| byte.is_ascii_digit(),
            |byte| byte.is_ascii_digit() || byte == b'.',
            |byte| !matches!(byte, b'\t'..=b'\r' | b' '),
            |byte| byte != b')',
            |byte| byte != b'\n',
            |byte| byte < 0x80,
            |byte| byte >= 0x80,
            |byte| matches!(byte, 0 | 0x7f),
            |byte| !matches!(byte, 0 | 0x7f),
            |_| true,
        ];
        for class in classes {
            let ranges = Ranges::of(&set(class)).unwrap();
            for byte in 0..=255 {
                for other in [0, b' ', b'0', b'z', 0x7f, 0x80, 0xff] {
                    let mut bytes = [other; 8];
                    bytes[3] = byte;
                    let others = ranges.others(u64::from_le_bytes(bytes)).to_le_bytes();
                    let expected = bytes.map(|byte| if class(byte) { 0 } else { 0x80 });
                    assert_eq!(others, expected, "{byte} among {other}");
                }
            }
        }
        assert!(Ranges::of(&set(|byte| byte.is_ascii_alphanumeric())).is_none());
        assert!(Ranges::of(&set(|byte| byte == 0x90)).is_none());
    }
}
