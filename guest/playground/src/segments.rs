//! A text in pieces, some of which are marked; what is hidden in it is made visible.

use serde_json::{Value, json};
use tripline_notice::visible_bytes;

/// A marked part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// What it is, for whoever points at it.
    pub(crate) label: String,
    /// Which colour.
    pub(crate) colour: usize,
}

/// Pieces of a text, `[text]` or `[text, label, colour]`: at most so many bytes of it, and whether that is not all.
///
/// Where marks overlap, a later one counts.
pub(crate) fn segments(text: &[u8], marks: &[Mark], limit: usize) -> (Vec<Value>, bool) {
    let end = text.len().min(limit);
    let mut borders: Vec<usize> = marks.iter().flat_map(|mark| [mark.start, mark.end]).collect();
    borders.extend([0, end]);
    borders.retain(|border| *border <= end);
    borders.sort_unstable();
    borders.dedup();
    let mut pieces = Vec::new();
    for pair in borders.windows(2) {
        let [start, end] = [pair[0], pair[1]];
        let shown = visible_bytes(&text[start..end], usize::MAX);
        let mark = marks.iter().rev().find(|mark| mark.start <= start && end <= mark.end);
        pieces.push(match mark {
            Some(mark) => json!([shown, mark.label, mark.colour]),
            None => json!([shown]),
        });
    }
    (pieces, end < text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(start: usize, end: usize, label: &str) -> Mark {
        Mark { start, end, label: label.into(), colour: 1 }
    }

    #[test]
    fn pieces_make_the_text() {
        let (pieces, cut) = segments(b"user root from x", &[mark(5, 9, "user"), mark(15, 16, "ip")], 99);
        assert_eq!(json!(pieces), json!([["user "], ["root", "user", 1], [" from "], ["x", "ip", 1]]));
        assert!(!cut);
    }

    #[test]
    fn of_marks_that_overlap_the_later_counts() {
        let (pieces, _) = segments(b"abcdef", &[mark(0, 4, "a"), mark(2, 3, "b")], 99);
        assert_eq!(json!(pieces), json!([["ab", "a", 1], ["c", "b", 1], ["d", "a", 1], ["ef"]]));
    }

    #[test]
    fn hidden_characters_and_cuts_show() {
        let (pieces, cut) = segments("a\u{202e}b\x1b[0m\u{fe}".as_bytes(), &[], 7);
        assert_eq!(json!(pieces), json!([["a\\u{202e}b\\x1b["]]));
        assert!(cut);
        let (pieces, _) = segments(b"\xff", &[mark(9, 12, "gone")], 7);
        assert_eq!(json!(pieces), json!([["\\xff"]]));
        assert_eq!(segments(b"", &[], 7), (vec![], false));
    }
}
