//! A web server's access log: common and combined, as Apache httpd and nginx write them.

use core::net::IpAddr;

use tripline_abi::FieldType;

use crate::event::{Event, EventField, Name, Place};

use super::skip::{blanks, skip, word_end};
use super::stamp::Stamp;
use super::syslog::text;

/// Bytes in which client, identity and user have to stand: a header of 8 KiB in which each byte is escaped, and more.
const BEFORE: usize = 64 << 10;
/// How often a target is decoded: what is encoded twice is no better hidden.
const TWICE: usize = 2;

/// The field of the target as it is meant: the only one that decoding changes.
pub(super) const DECODED: &str = "uri-decoded";

/// How a line opens that has `[10/Oct/2000:13:55:36 -0700] "` behind client, identity and user.
///
/// The user is whatever the client says, brackets and stamps too; but servers escape his quotes, so that the first stamp
/// before a quote is theirs.
pub(super) fn opening(line: &[u8], start: usize) -> Option<Stamp> {
    let client = word_end(line, start);
    if line.get(client) != Some(&b' ') || client == start {
        return None;
    }
    let before = line.get(client..line.len().min(start + BEFORE))?;
    let (stamp, bracket) = memchr::memchr_iter(b'[', before).find_map(|at| {
        let stamp = Stamp::access(line, client + at + 1)?;
        line.get(stamp.end..)?.starts_with(b"] \"").then_some((stamp, client + at))
    })?;
    Users::of(line, start, bracket).is_some().then_some(stamp)
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
    /// `client identity user `, or `host client identity user `, before the bracket. A user's name may have blanks, or be
    /// one.
    fn of(line: &[u8], start: usize, bracket: usize) -> Option<Users> {
        let end = bracket.checked_sub(1).filter(|end| line.get(*end) == Some(&b' '))?;
        let word = |from: usize| {
            let to = skip(line, from, |byte| byte != b' ');
            (from < to && to <= end).then_some((from, to))
        };
        let first = word(start)?;
        let second = word(identity(line, first))?;
        let third = word(second.1 + 1).filter(|third| third.1 < end);
        let (host, client, user) = match third {
            Some((_, third)) if is_host(line, first, second) => (Some(first), second, third + 1),
            _ => (None, sender(line, first, second.0 - 1), second.1 + 1),
        };
        // Behind the identity there has to be something.
        let user = line.get(user..end).filter(|user| *user != b"-").map(|_| Place::line(user, end));
        let is_it = second.1 < end;
        let place = |(start, end)| Place::line(start, end);
        is_it.then(|| Users { host: host.map(place), client: place(client), user })
    }
}

/// Where the identity begins, behind a list of addresses: `203.0.113.5, 10.0.0.1 -`, as proxies hand it on.
fn identity(line: &[u8], first: (usize, usize)) -> usize {
    let mut end = first.1;
    while line[end - 1] == b',' {
        let next = skip(line, end + 1, |byte| byte != b' ');
        let word = line.get(end + 1..next).unwrap_or_default();
        if address(word.strip_suffix(b",").unwrap_or(word)).is_none() {
            break;
        }
        end = next;
    }
    end + 1
}

/// The last address of such a list that is not within a network of its own: the proxies' own are behind it, and what is
/// before it the client may have said.
fn sender(line: &[u8], first: (usize, usize), end: usize) -> (usize, usize) {
    if memchr::memchr(b',', &line[first.0..end]).is_none() {
        return first;
    }
    let mut last = None;
    let mut to = end;
    loop {
        let from = memchr::memrchr(b',', &line[first.0..to]).map_or(first.0, |comma| first.0 + comma + 1);
        let start = skip(line, from, |byte| byte == b' ').min(to);
        let is_inner = match address(&line[start..to]) {
            Some(IpAddr::V4(address)) => address.is_private() || address.is_loopback(),
            Some(IpAddr::V6(address)) => address.is_unique_local() || address.is_loopback(),
            None => false,
        };
        let last = *last.get_or_insert((start, to));
        match is_inner {
            false if start < to => return (start, to),
            _ if from == first.0 => return last,
            _ => to = from - 1,
        }
    }
}

/// Whether the first word is the virtual host's name: it says a port, or it is no address and the second one is.
///
/// Without a host the second is what the client says of himself, if it is not `-`; it never makes his address a host's.
fn is_host(line: &[u8], first: (usize, usize), second: (usize, usize)) -> bool {
    let (first, second) = (&line[first.0..first.1], &line[second.0..second.1]);
    second != b"-" && (has_port(first) || address(first).is_none() && address(second).is_some())
}

/// The address that a word is.
pub(super) fn address(word: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// `www.example.org:443` or `[2001:db8::1]:443`, and no IPv6 address.
fn has_port(word: &[u8]) -> bool {
    let colon = memchr::memrchr(b':', word);
    colon.is_some_and(|colon| {
        let (host, port) = (&word[..colon], &word[colon + 1..]);
        !port.is_empty()
            && port.iter().all(u8::is_ascii_digit)
            && (memchr::memchr(b':', host).is_none() || host.starts_with(b"[") && host.ends_with(b"]"))
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
