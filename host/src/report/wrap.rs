//! Text in lines of so many columns.

use unicode_width::UnicodeWidthChar;

use super::visible::{columns, fit};

/// Breaks a text that has been made visible between words, into at most so many lines.
pub(crate) fn wrap(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.extend(broken(word, width)),
        }
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = format!("{}…", fit(last, width.saturating_sub(1)).trim_end_matches('…'));
        }
    }
    lines
}

/// Breaks a text that has been made visible wherever a line is full: what is copied from it is what it was.
pub(crate) fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for character in text.chars() {
        let own = character.width().unwrap_or(0);
        if used + own > width && used > 0 {
            lines.push(String::new());
            used = 0;
        }
        used += own;
        if let Some(line) = lines.last_mut() {
            line.push(character);
        }
    }
    lines
}

/// Puts things of these widths into lines, with a gap between; answers for each how many things it has.
pub(super) fn rows(widths: &[usize], gap: usize, width: usize) -> Vec<usize> {
    let mut rows = Vec::new();
    let mut used = 0;
    for &own in widths {
        match rows.last_mut() {
            Some(count) if used + gap + own <= width => {
                *count += 1;
                used += gap + own;
            }
            _ => {
                rows.push(1);
                used = own;
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::{broken, rows, wrap};

    #[test]
    fn words_stay_whole() {
        assert_eq!(wrap("one two three", 7, 9), ["one two", "three"]);
        assert_eq!(wrap("one incomprehensibly two", 8, 9), ["one", "incompre", "hensibly", "two"]);
        assert_eq!(wrap("one two three four", 7, 2), ["one two", "three…"]);
        assert_eq!(wrap("  ", 7, 2), [""; 0]);
    }

    #[test]
    fn nothing_is_lost_in_broken_lines() {
        assert_eq!(broken("a  b世界", 4), ["a  b", "世界"]);
        assert_eq!(broken("世界", 1), ["世", "界"]);
        assert_eq!(broken("", 4), [""]);
    }

    #[test]
    fn rows_are_full() {
        assert_eq!(rows(&[3, 3, 3, 30], 2, 10), [2, 1, 1]);
        assert_eq!(rows(&[], 2, 10), [0; 0]);
    }
}
