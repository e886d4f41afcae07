//! The shape of a message: what stays the same when the same thing goes wrong again.
//!
//! ```text
//!   mod_jk child workerEnv in error state 6                     mod_jk child workerEnv in error state #
//!   10.0.0.7:8080 timed out after 1.5s on "GET /cart"           # timed out after # on "*"
//!   cannot open /var/lib/app/7f3a.tmp (id 550e8400-e29b-…)      cannot open <path> (id #)
//! ```

/// Bytes of a line that are looked at, and bytes that its shape may have.
const LOOK: usize = 1024;
const LINE: usize = 200;

/// The shape of a message: of its first, second and last line, which in a traceback are what failed, where, and why.
pub(crate) fn shape(message: &[u8]) -> Vec<u8> {
    let says_something = |line: &&[u8]| !line.is_empty() && *line != b"Traceback (most recent call last):";
    let mut lines = message.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(says_something);
    let mut out = Vec::with_capacity(LINE);
    for text in [lines.next(), lines.next(), lines.next_back()].into_iter().flatten() {
        if !out.is_empty() {
            out.extend_from_slice(b" | ");
        }
        let most = out.len() + LINE;
        line(&text[..text.len().min(LOOK)], &mut out, most);
    }
    out
}

fn line(mut text: &[u8], out: &mut Vec<u8>, most: usize) {
    let mut before = b' ';
    while let Some(&byte) = text.first()
        && out.len() < most
    {
        let taken = match byte {
            b'"' | b'`' | b'\'' if !before.is_ascii_alphanumeric() => match quoted(text) {
                Some(length) => {
                    quotation(&text[..length], text.get(length) == Some(&b':'), out, most);
                    length
                }
                None => keep(byte, out),
            },
            _ if is_blank(byte) => {
                if !is_blank(before) {
                    out.push(b' ');
                }
                1
            }
            _ if is_delimiter(byte) => keep(byte, out),
            _ => {
                let length = text.iter().position(|&byte| is_blank(byte) || is_delimiter(byte));
                let mut length = length.unwrap_or(text.len());
                if is_link(&text[..length]) {
                    // The query of a link, or the rest of an odd path, belongs to it.
                    let ends =
                        |&byte: &u8| is_blank(byte) || (is_delimiter(byte) && !matches!(byte, b'=' | b';'));
                    length = text.iter().position(ends).unwrap_or(text.len());
                }
                word(&text[..length], out);
                length
            }
        };
        before = text[taken - 1];
        text = &text[taken..];
    }
}

fn keep(byte: u8, out: &mut Vec<u8>) -> usize {
    out.push(byte);
    1
}

/// Puts `"*"` for a quotation, but keeps it if it is a key, and looks into it if it is what a key like `msg=` says.
fn quotation(text: &[u8], is_key: bool, out: &mut Vec<u8>, most: usize) {
    let ends = |end: &&[u8]| out.trim_ascii_end().ends_with(end);
    let (quote, inside) = (text[0], &text[1..text.len() - 1]);
    let says: [&[u8]; 7] =
        [b"msg=", b"message=", b"error=", b"err=", b"\"msg\":", b"\"message\":", b"\"error\":"];
    let says = says.iter().any(ends);
    out.push(quote);
    match (is_key, says) {
        (true, _) => out.extend_from_slice(&inside[..inside.len().min(LINE / 4)]),
        // No deeper than there are kinds of quotes: there is none of this kind inside.
        (_, true) => line(inside, out, most),
        _ => out.push(b'*'),
    }
    out.push(quote);
}

/// The length of a quotation with its quotes; an apostrophe begins none.
fn quoted(text: &[u8]) -> Option<usize> {
    let (&quote, rest) = text.split_first()?;
    let end = rest.iter().position(|&byte| byte == quote)?;
    let inside_word = rest.get(end + 1).is_some_and(u8::is_ascii_alphanumeric);
    (!inside_word).then_some(end + 2)
}

fn is_blank(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7f
}

fn is_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        b'"' | b'`'
            | b'\''
            | b'('
            | b')'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'<'
            | b'>'
            | b','
            | b';'
            | b'='
            | b'|'
    )
}

fn word(word: &[u8], out: &mut Vec<u8>) {
    let end =
        word.iter().rposition(|byte| !matches!(byte, b':' | b'.' | b'!' | b'?')).map_or(0, |last| last + 1);
    let (word, punctuation) = word.split_at(end);
    if is_link(word) {
        out.extend_from_slice(b"<path>");
    } else if is_number(word) || is_random(word) {
        out.push(b'#');
    } else {
        without_numbers(word, out);
    }
    out.extend_from_slice(punctuation);
}

/// Whether it is a path or a URL.
fn is_link(word: &[u8]) -> bool {
    let drive = matches!(word, [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    let url = word.windows(3).any(|part| part == b"://");
    url || drive
        || word.len() > 1 && (word.starts_with(b"/") || word.starts_with(b"./") || word.starts_with(b"~/"))
}

/// Numbers with a unit, addresses, times, hexadecimal, UUIDs.
fn is_number(word: &[u8]) -> bool {
    let between = |byte: &u8| {
        matches!(byte, b'.' | b':' | b'-' | b'+' | b'_' | b'/' | b'x' | b'X' | b'T' | b'Z' | b'%')
    };
    let unit = word.iter().rev().take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'%').count();
    let all = |word: &[u8], of: fn(&u8) -> bool| word.iter().all(|byte| of(byte) || between(byte));
    match word.iter().position(u8::is_ascii_digit) {
        None => false,
        // A name like `db1` begins with a letter; a hash may too, but is longer.
        Some(first) if first == 0 || word.len() >= 6 || between(&word[0]) => {
            all(word, u8::is_ascii_hexdigit)
                || (unit <= 3 && all(&word[..word.len() - unit], u8::is_ascii_digit))
        }
        Some(_) => false,
    }
}

/// Long, with letters and digits mixed: an id that somebody made up.
fn is_random(word: &[u8]) -> bool {
    let changes = word.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count();
    let plain =
        word.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'/'));
    plain && word.len() >= 8 && changes >= 4
}

/// The word with `#` for each number in it, `1.2.3` being one.
fn without_numbers(word: &[u8], out: &mut Vec<u8>) {
    let mut rest = word;
    while let Some(&byte) = rest.first() {
        let mut taken = 1;
        if byte.is_ascii_digit() {
            out.push(b'#');
            while let Some(&next) = rest.get(taken) {
                let goes_on =
                    matches!(next, b'.' | b':' | b'-') && rest.get(taken + 1).is_some_and(u8::is_ascii_digit);
                if !next.is_ascii_digit() && !goes_on {
                    break;
                }
                taken += 1;
            }
        } else {
            out.push(byte);
        }
        rest = &rest[taken..];
    }
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[track_caller]
    fn check(message: &str, expected: &str) {
        assert_eq!(String::from_utf8_lossy(&shape(message.as_bytes())), expected, "{message}");
    }

    #[test]
    fn what_changes_is_replaced() {
        check("mod_jk child workerEnv in error state 6", "mod_jk child workerEnv in error state #");
        check(
            "jk2_init() Can't find child 2086 in scoreboard",
            "jk#_init() Can't find child # in scoreboard",
        );
        check("[client 192.0.2.7] forbidden: /var/www/html/", "[client #] forbidden: <path>");
        check("2001:db8::1 and 10.0.0.7:8080 timed out after 1.5s", "# and # timed out after #");
        check(
            "2024-01-02T10:11:12.123Z lost 0x7ffe12 (550e8400-e29b-41d4-a716-446655440000)",
            "# lost # (#)",
        );
        check("user \"bob's\" and 'al' failed: it's 'x", "user \"*\" and '*' failed: it's 'x");
        check("GET https://example.org/a?b=1 gave HTTP/1.1 500", "GET <path> gave HTTP/# #");
        check("session xK9f2LmQ8a of app-1.2.3 at C:\\temp\\x.log", "session # of app-# at <path>");
        check("key=17,\tother\u{1} = [4,  5]", "key=#, other = [#, #]");
        check("db1 took 12ms, 1.5s, 3% or 100MB", "db# took #, #, # or #");
        check("E0304 ab12 7f3a91 deadbeef1", "E# ab# # #");
        check(
            "level=error msg=\"user 'x' of 7\" user=\"bob\"",
            "level=error msg=\"user '*' of #\" user=\"*\"",
        );
        check("{\"msg\": \"lost 7.\", \"user\":\"bob\"}", "{\"msg\": \"lost #.\", \"user\":\"*\"}");
        check("user=\u{e9}t\u{e9} n\u{b0}7", "user=\u{e9}t\u{e9} n\u{b0}#");
    }

    #[test]
    fn of_many_lines_the_first_the_second_and_the_last_count() {
        check("a 1\n  at b 2\nc\n\nValueError: 3\n", "a # | at b # | ValueError: #");
        check("a\nb", "a | b");
        check("a\nTraceback (most recent call last):\n  File 1\n  x\nE: 2", "a | File # | E: #");
        check("", "");
        check("\n \n", "");
    }

    #[test]
    fn it_is_bounded() {
        let long = "word ".repeat(10_000);
        assert!(shape(long.as_bytes()).len() < 250);
        let lines = format!("{}\n", "w".repeat(2_000)).repeat(1_000);
        assert!(shape(lines.as_bytes()).len() < 4_000);
    }
}
