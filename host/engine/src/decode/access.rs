//! A web server's access log: common and combined, as Apache httpd and nginx write them.

use tripline_abi::FieldType;

use crate::event::{Event, EventField, Name, Place};

use super::skip::{blanks, skip, word_end};
use super::stamp::Stamp;
use super::syslog::text;

/// Bytes in which client, identity and user have to stand.
const BEFORE: usize = 512;
/// How often a target is decoded: what is encoded twice is no better hidden.
const TWICE: usize = 2;

/// The field of the target as it is meant: the only one that decoding changes.
pub(super) const DECODED: &str = "uri-decoded";

/// How a line opens that has `[10/Oct/2000:13:55:36 -0700] "` behind client, identity and user.
pub(super) fn opening(line: &[u8], start: usize) -> Option<Stamp> {
    let client = word_end(line, start);
    if line.get(client) != Some(&b' ') || client == start {
        return None;
    }
    let before = &line[client..line.len().min(start + BEFORE)];
    let bracket = client + memchr::memchr(b'[', before)?;
    let stamp = Stamp::access(line, bracket + 1)?;
    let request = line.get(stamp.end..)?.starts_with(b"] \"");
    (request && Users::of(line, start, bracket).is_some()).then_some(stamp)
}

/// Adds the parts of a line that opens so, from `start` on. One that was cut has what is there.
///
/// ```text
///   192.0.2.7 - frank [10/Oct/2000:13:55:36 -0700] "GET /a?b=c HTTP/1.0" 200 2326 "http://x/" "curl/8"
///   └c-ip       └cs-username                        │   │  └cs-uri-query │   └sc-bytes
///   └cs-host before them, if there is a fourth      │   └cs-uri-stem     └sc-status   └cs(Referer) └cs(User-Agent)
///                                                   └cs-method
/// ```
///
/// Names are those of W3C's extended log format, so that one rule is for every web server.
pub(super) fn fill(line: &[u8], start: usize, stamp: &Stamp, event: &mut Event) {
    let request = stamp.end + b"] \"".len();
    let end = quote(line, request).unwrap_or(line.len());
    if let Some(Users { host, client, user }) = Users::of(line, start, stamp.start - 1) {
        for (name, place) in [("cs-host", host), ("c-ip", Some(client)), ("cs-username", user)] {
            if let Some(place) = place {
                text(event, name, place);
            }
        }
    }
    target(line, request, end, event);
    let mut behind = end + 1;
    for name in ["sc-status", "sc-bytes"] {
        let word = blanks(line, behind);
        behind = word_end(line, word);
        let digits = line.get(word..behind).unwrap_or_default();
        if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
            let value = Place::line(word, behind);
            event.fields.push(EventField { name: Name::Known(name), kind: FieldType::Number, value });
        }
    }
    for name in ["cs(Referer)", "cs(User-Agent)"] {
        let opens = blanks(line, behind);
        let Some(end) = (line.get(opens) == Some(&b'"')).then(|| quote(line, opens + 1)).flatten() else {
            break;
        };
        if &line[opens + 1..end] != b"-" {
            text(event, name, Place::line(opens + 1, end));
        }
        behind = end + 1;
    }
    event.log_source.category = Some("webserver".into());
    event.message = Some(Place::line(request - 1, line.len()));
}

/// Whether [`fill`] changes a value, if it is such a line: something in the target is encoded.
pub(super) fn may_change(line: &[u8]) -> bool {
    memchr::memchr2(b'%', b'\\', line).is_some()
        || memchr::memchr(b'?', line).is_some_and(|query| memchr::memchr(b'+', &line[query..]).is_some())
}

/// The same of many lines, rather `true` than wrong.
pub(super) fn may_change_any(lines: &[u8]) -> bool {
    memchr::memchr3(b'%', b'\\', b'?', lines).is_some()
}

/// Who asked.
struct Users {
    host: Option<Place>,
    client: Place,
    user: Option<Place>,
}

impl Users {
    /// `client identity user `, or `host:port client identity user `, before the bracket. A user's name may have blanks.
    fn of(line: &[u8], start: usize, bracket: usize) -> Option<Users> {
        let end = bracket.checked_sub(1).filter(|end| line.get(*end) == Some(&b' '))?;
        let word = |from: usize| {
            let to = skip(line, from, |byte| byte != b' ');
            (from < to && to <= end).then_some((Place::line(from, to), to + 1))
        };
        let (first, at) = word(start)?;
        let (second, at) = word(at)?;
        let third = word(at)?;
        let with_host = third.1 <= end && has_port(&line[first.start as usize..first.end as usize]);
        let (host, client, user) = match with_host {
            true => (Some(first), second, third.1),
            false => (None, first, at),
        };
        let user = (&line[user..end] != b"-").then(|| Place::line(user, end));
        Some(Users { host, client, user })
    }
}

/// `www.example.org:443`, and no IPv6 address.
fn has_port(word: &[u8]) -> bool {
    let colon = memchr::memrchr(b':', word);
    colon.is_some_and(|colon| {
        let port = &word[colon + 1..];
        !port.is_empty()
            && port.iter().all(u8::is_ascii_digit)
            && memchr::memchr(b':', &word[..colon]).is_none()
    })
}

/// The quote that ends a text: one that is not escaped.
fn quote(line: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at += memchr::memchr2(b'"', b'\\', line.get(at..)?)?;
        if line[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// Adds the parts of `GET /a?b=c HTTP/1.0`; what is no such thing (a TLS greeting) is a target as a whole.
pub(super) fn target(line: &[u8], start: usize, end: usize, event: &mut Event) {
    let method = skip(line, start, |byte| byte.is_ascii_uppercase());
    let version = memchr::memrchr(b' ', &line[start..end]).map(|blank| start + blank);
    let version = version.filter(|blank| line[blank + 1..end].starts_with(b"HTTP/"));
    let (from, to) = match line.get(method) {
        Some(b' ') if start < method && method < end => {
            text(event, "cs-method", Place::line(start, method));
            (method + 1, version.filter(|blank| method < *blank).unwrap_or(end))
        }
        _ => (start, version.unwrap_or(end)),
    };
    let query = memchr::memchr(b'?', &line[from..to]).map(|mark| from + mark);
    if from < to {
        text(event, "cs-uri-stem", Place::line(from, query.unwrap_or(to)));
    }
    if let Some(query) = query {
        text(event, "cs-uri-query", Place::line(query + 1, to));
    }
    if let Some(blank) = version {
        text(event, "cs-version", Place::line(blank + 1, end));
    }
    let value = decoded(line, from, to, query.unwrap_or(to), event);
    event.fields.push(EventField { name: Name::Known(DECODED), kind: FieldType::Text, value });
}

/// The target as it is meant: `%2e`, `\x2e` and `\"` are what they stand for, and `+` is a blank in the query.
pub(super) fn decoded(line: &[u8], from: usize, to: usize, query: usize, event: &mut Event) -> Place {
    let encoded = |at: &u8| matches!(at, b'%' | b'\\');
    let is_plain = !line[from..to].iter().any(encoded) && !line[query..to].contains(&b'+');
    if is_plain {
        return Place::line(from, to);
    }
    let kept = event.arena.len();
    event.arena.extend_from_slice(&line[from..to]);
    decode(kept, kept + (query - from), event)
}

/// The same of a target that stands in the arena from `kept` to its end, and in it from `query` on.
pub(super) fn decode(kept: usize, query: usize, event: &mut Event) -> Place {
    event.arena[query..].iter_mut().filter(|byte| **byte == b'+').for_each(|byte| *byte = b' ');
    for _ in 0..TWICE {
        unescape(&mut event.arena, kept);
    }
    Place { start: kept as u32, end: event.arena.len() as u32, in_arena: true }
}

/// Puts what is escaped from `start` on into its own place: it never becomes longer.
fn unescape(bytes: &mut Vec<u8>, start: usize) {
    let (mut read, mut written) = (start, start);
    while let Some(byte) = bytes.get(read).copied() {
        let hex = |at: usize| Some(digit(*bytes.get(at)?)? << 4 | digit(*bytes.get(at + 1)?)?);
        let (byte, length) = match (byte, bytes.get(read + 1)) {
            (b'%', _) => hex(read + 1).map_or((byte, 1), |byte| (byte, 3)),
            (b'\\', Some(b'x')) => hex(read + 2).map_or((byte, 1), |byte| (byte, 4)),
            (b'\\', Some(quoted @ (b'"' | b'\\'))) => (*quoted, 2),
            _ => (byte, 1),
        };
        bytes[written] = byte;
        (read, written) = (read + length, written + 1);
    }
    bytes.truncate(written);
}

fn digit(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}
