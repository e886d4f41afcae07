//! Texts of strangers as they may stand where people read: what would hide, reorder or control is written as an
//! escape.
//!
//! This is the portable home of these rules; it knows nothing of terminals and columns.

/// Whether a character controls a terminal, or changes what a reader sees without being seen: Unicode's controls,
/// line and paragraph separators, bidirectional and other invisible format characters.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// One line of text, with everything hidden written as an escape and cut to so many characters; a cut is marked by
/// `…`, which counts as one.
pub fn visible(text: &str, limit: usize) -> String {
    visible_bytes(text.as_bytes(), limit)
}

/// As [`visible`]; what is no UTF-8 is shown as `\xNN`.
///
/// Reads no further than the limit asks, so that a text of a megabyte costs no more than a short one.
pub fn visible_bytes(bytes: &[u8], limit: usize) -> String {
    // One character has at most four bytes, and one more shows that something is cut.
    let near = bytes.get(..limit.saturating_add(1).saturating_mul(4)).unwrap_or(bytes);
    let mut out = String::new();
    let mut used = 0;
    // Where the text is cut if it turns out to be too long.
    let mut cut = 0;
    for chunk in near.utf8_chunks() {
        let valid = chunk.valid().chars().map(Shown::of);
        let invalid = chunk.invalid().iter().map(|byte| Shown::Escape(hex(u32::from(*byte))));
        for shown in valid.chain(invalid) {
            used += shown.length();
            if used > limit {
                out.truncate(cut);
                out.push('…');
                return out;
            }
            match shown {
                Shown::Plain(character) => out.push(character),
                Shown::Escape(escape) => out.push_str(&escape),
            }
            if used < limit {
                cut = out.len();
            }
        }
    }
    out
}

enum Shown {
    Plain(char),
    Escape(String),
}

impl Shown {
    fn of(character: char) -> Shown {
        match character {
            '\n' => Shown::Escape("\\n".into()),
            '\r' => Shown::Escape("\\r".into()),
            '\t' => Shown::Escape("\\t".into()),
            hidden if is_hidden(hidden) => Shown::Escape(hex(u32::from(hidden))),
            plain => Shown::Plain(plain),
        }
    }

    fn length(&self) -> usize {
        match self {
            Shown::Plain(_) => 1,
            Shown::Escape(escape) => escape.len(),
        }
    }
}

fn hex(number: u32) -> String {
    if number < 0x100 { format!("\\x{number:02x}") } else { format!("\\u{{{number:x}}}") }
}

#[cfg(test)]
mod tests {
    use super::{visible, visible_bytes};

    #[test]
    fn what_is_hidden_is_escaped() {
        assert_eq!(visible("a\x1b[2Jb\nc\td\0", 99), "a\\x1b[2Jb\\nc\\td\\x00");
        assert_eq!(visible("\u{202e}txt.exe \u{200b}", 99), "\\u{202e}txt.exe \\u{200b}");
        assert_eq!(visible_bytes(b"user \xff\xe4r\xc3", 99), "user \\xff\\xe4r\\xc3");
        assert_eq!(visible("Grüße, 世界", 9), "Grüße, 世界");
    }

    #[test]
    fn a_cut_is_marked_and_never_splits_an_escape() {
        assert_eq!(visible("longer", 5), "long…");
        assert_eq!(visible("世界世界世界", 5), "世界世界…");
        assert_eq!(visible("abc\x1bdef", 5), "abc…");
        assert_eq!(visible("abcd\x1b", 5), "abcd…");
        assert_eq!(visible(&"x".repeat(1 << 20), 3), "xx…");
        assert_eq!(visible("x", 0), "…");
        assert_eq!(visible("", 0), "");
    }
}
