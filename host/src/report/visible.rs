//! Texts of strangers as they may stand on a terminal: what would move the cursor, hide or reorder text is written
//! as an escape.

// One list for terminals and mails: what is hidden in one must not show in the other.
pub(super) use tripline_notice::is_hidden;
use unicode_width::UnicodeWidthChar;

/// One character of a text, or an escape in the place of what nobody should see.
pub(super) struct Glyph {
    /// Its first byte in the text.
    pub(super) start: usize,
    /// The character, or the escape.
    pub(super) text: GlyphText,
    /// Columns that it takes.
    pub(super) width: usize,
}

/// What is shown for a glyph.
pub(super) enum GlyphText {
    /// The character itself.
    Plain(char),
    /// An escape.
    Escape(String),
}

/// The text with everything dangerous escaped.
pub fn visible(text: &str) -> String {
    visible_bytes(text.as_bytes())
}

/// As [`visible`]; what is no UTF-8 is shown as `\xNN`.
pub fn visible_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for glyph in glyphs(bytes) {
        match glyph.text {
            GlyphText::Plain(character) => out.push(character),
            GlyphText::Escape(escape) => out.push_str(&escape),
        }
    }
    out
}

/// Columns that a text takes which has been made visible.
pub fn columns(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// A text that has been made visible, cut to so many columns; what is cut is marked by `…`.
pub fn fit(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.into();
    }
    let mut used = 0;
    let fits = |character: &char| {
        used += character.width().unwrap_or(0);
        used < width
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// As [`fit`], but the end stays: that of a path says more.
pub(super) fn fit_end(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.into();
    }
    let mut kept = text;
    while columns(kept) >= width {
        let mut rest = kept.chars();
        if rest.next().is_none() {
            break;
        }
        kept = rest.as_str();
    }
    format!("…{kept}")
}

/// The text's characters in order.
pub(super) fn glyphs(bytes: &[u8]) -> impl Iterator<Item = Glyph> {
    let mut at = 0;
    bytes.utf8_chunks().flat_map(move |chunk| {
        let start = at;
        let invalid = start + chunk.valid().len();
        at = invalid + chunk.invalid().len();
        let valid = chunk.valid().char_indices().map(move |(i, character)| glyph(start + i, character));
        let rest = chunk
            .invalid()
            .iter()
            .enumerate()
            .map(move |(i, byte)| escape(invalid + i, hex(u32::from(*byte))));
        valid.chain(rest)
    })
}

fn glyph(start: usize, character: char) -> Glyph {
    match character {
        '\n' => escape(start, "\\n".into()),
        '\r' => escape(start, "\\r".into()),
        '\t' => escape(start, "\\t".into()),
        hidden if is_hidden(hidden) => escape(start, hex(u32::from(hidden))),
        plain => Glyph { start, text: GlyphText::Plain(plain), width: plain.width().unwrap_or(0) },
    }
}

fn escape(start: usize, text: String) -> Glyph {
    Glyph { start, width: text.len(), text: GlyphText::Escape(text) }
}

fn hex(number: u32) -> String {
    if number < 0x100 { format!("\\x{number:02x}") } else { format!("\\u{{{number:x}}}") }
}

#[cfg(test)]
mod tests {
    use super::{fit, fit_end, visible, visible_bytes};

    #[test]
    fn what_is_dangerous_is_escaped() {
        assert_eq!(visible("a\x1b[2Jb\nc\td"), "a\\x1b[2Jb\\nc\\td");
        assert_eq!(
            visible("\u{202e}txt.exe \u{9b}31m \u{7f} \u{200b}"),
            "\\u{202e}txt.exe \\x9b31m \\x7f \\u{200b}"
        );
        assert_eq!(visible_bytes(b"user \xff\xe4r\xc3"), "user \\xff\\xe4r\\xc3");
        assert_eq!(visible("Grüße, 世界"), "Grüße, 世界");
    }

    #[test]
    fn a_cut_is_marked() {
        assert_eq!(fit("short", 5), "short");
        assert_eq!(fit("longer", 5), "long…");
        assert_eq!(fit("世界世界", 5), "世界…");
        assert_eq!(fit_end("/var/log/auth.log:3", 12), "…auth.log:3".replace("…", "…/"));
        assert_eq!(fit_end("auth.log", 8), "auth.log");
    }
}
