//! A web server's error log, behind its date and time: what Apache httpd and nginx say of who asked for what.

use crate::event::{Event, Place};

use super::access;
use super::opening::Opening;
use super::skip::{blanks, skip};
use super::syslog::text;

/// Adds what such a line has; nothing, if it is none. `start` is where the text behind the stamp begins.
///
/// ```text
///   [Wed Oct 11 14:32:52 2000] [core:error] [pid 35708:tid 432] [client 192.0.2.7:4321] AH00124: …
///                               └module      └pid       └tid            └c-ip    └c-port
///   2023/10/01 12:00:00 [error] 1234#56: *9 … failed, client: 192.0.2.7, server: _, request: "GET / HTTP/1.1", host: "a"
///                               └pid  └tid                    └c-ip                            └as in an access log
/// ```
pub(super) fn fill(line: &[u8], opening: &Opening, start: usize, event: &mut Event) {
    if line.get(start) != Some(&b'[') {
        return;
    }
    // Apache names the day of the week; others put their own stamps into brackets, too.
    let named = opening.stamp.is_some_and(|stamp| line[stamp.start].is_ascii_alphabetic());
    let product = match opening.bracketed {
        true if named => apache(line, start, event),
        true => None,
        false => nginx(line, start, event),
    };
    if let Some(product) = product {
        event.log_source.product = Some(product.into());
        event.log_source.category = Some("webserver".into());
    }
}

/// Parts in brackets, one behind the other, of which one says the process or the client.
fn apache(line: &[u8], start: usize, event: &mut Event) -> Option<&'static str> {
    let (mut at, mut is_it, mut with_port) = (start, false, false);
    while line.get(at) == Some(&b'[') {
        let (from, to) = (at + 1, at + memchr::memchr(b']', &line[at..])?);
        let part = &line[from..to];
        if at == start {
            if let Some(colon) = memchr::memchr(b':', part).filter(|colon| *colon > 0) {
                text(event, "module", Place::line(from, from + colon));
            }
        } else if part.starts_with(b"pid ") {
            let pid = from + b"pid ".len();
            let end = skip(line, pid, |byte| byte.is_ascii_digit());
            text(event, "pid", Place::line(pid, end));
            if line[end..to].starts_with(b":tid ") {
                text(event, "tid", Place::line(end + b":tid ".len(), to));
            }
            (is_it, with_port) = (true, true);
        } else if part.starts_with(b"client ") || part.starts_with(b"remote ") {
            client(line, from + b"client ".len(), to, with_port, event);
            is_it = true;
        }
        at = blanks(line, to + 1);
    }
    is_it.then_some("apache")
}

/// An address; since version 2.4, which writes the process too, its port stands behind it.
fn client(line: &[u8], from: usize, to: usize, with_port: bool, event: &mut Event) {
    let colon = memchr::memrchr(b':', &line[from..to]).map(|colon| from + colon).filter(|_| with_port);
    text(event, "c-ip", Place::line(from, colon.unwrap_or(to)));
    if let Some(colon) = colon {
        text(event, "c-port", Place::line(colon + 1, to));
    }
}

/// `[error] 1234#56: *9 `, a text, and behind it who asked for what.
fn nginx(line: &[u8], start: usize, event: &mut Event) -> Option<&'static str> {
    let digits = |at| skip(line, at, |byte| byte.is_ascii_digit());
    let pid = blanks(line, skip(line, start, |byte| byte != b']' && byte > b' ') + 1);
    let hash = digits(pid);
    let end = digits(hash + 1);
    let is_it = pid < hash && line.get(hash) == Some(&b'#') && hash + 1 < end && line.get(end) == Some(&b':');
    if !is_it {
        return None;
    }
    text(event, "pid", Place::line(pid, hash));
    text(event, "tid", Place::line(hash + 1, end));
    let mut at = end;
    // What stands in quotes is the client's own text: it may look like all of this.
    while let Some((from, to)) = part(line, at) {
        let said = &line[from..to];
        let value = |name: &[u8]| said.starts_with(name).then(|| from + name.len());
        let quoted = |name: &[u8]| value(name).filter(|_| said.ends_with(b"\"") && said.len() > name.len());
        if let Some(from) = value(b", client: ") {
            text(event, "c-ip", Place::line(from, to));
        } else if let Some(from) = quoted(b", request: \"") {
            access::target(line, from, to - 1, event);
        } else if let Some(from) = quoted(b", host: \"") {
            text(event, "cs-host", Place::line(from, to - 1));
        } else if let Some(from) = quoted(b", referrer: \"") {
            text(event, "cs(Referer)", Place::line(from, to - 1));
        }
        at = to;
    }
    Some("nginx")
}

/// The next part from `at` on: up to a comma that stands in no quotes, which is the next one's first byte.
fn part(line: &[u8], at: usize) -> Option<(usize, usize)> {
    let (mut quoted, mut end) = (false, at + 1);
    while let Some(found) = line.get(end..).and_then(|rest| memchr::memchr2(b'"', b',', rest)) {
        end += found;
        match line[end] {
            b'"' => quoted = !quoted,
            _ if !quoted => return Some((at, end)),
            _ => {}
        }
        end += 1;
    }
    (at < line.len()).then_some((at, line.len()))
}
