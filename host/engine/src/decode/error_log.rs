//! A web server's error log, behind its date and time: what Apache httpd and nginx say of who asked for what.

use crate::event::{Event, Place};

use super::access;
use super::opening::Opening;
use super::skip::{blanks, skip, word_end};
use super::syslog::text;

/// Adds what such a line has; nothing, if it is none. `start` is where the text behind the stamp begins.
///
/// ```text
///   [Wed Oct 11 14:32:52 2000] [core:error] [pid 35708:tid 432] [client 192.0.2.7:4321] AH00124: …
///                               └module      └pid       └tid            └c-ip    └c-port
///   2023/10/01 12:00:00 [error] 1234#56: *9 … failed, client: 192.0.2.7, server: _, request: "GET / HTTP/1.1", host: "a"
///                               └pid  └tid                    └c-ip                            └as in an access log
/// ```
///
/// Nothing of nginx's is escaped: path (in the message), request, host and referrer are the client's own text, and so may be
/// a message from PHP. Each may look like all that nginx says behind it, and what is his cannot be told from what is not;
/// but nginx always says its part, too. So an address counts only if it is the only one that is said.
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
            // What follows is a message: it may look like another client.
            return Some("apache");
        }
        at = blanks(line, to + 1);
    }
    let at = behind_status(line, at);
    if is_it && line[at..].starts_with(b"[client ") {
        let to = at + memchr::memchr(b']', &line[at..])?;
        client(line, at + b"[client ".len(), to, with_port, event);
    }
    is_it.then_some("apache")
}

/// What Apache writes before the client when it failed: `core.c(4567): (36)File name too long: `. Neither is the client's
/// text, and neither has a colon within.
fn behind_status(line: &[u8], start: usize) -> usize {
    let word = word_end(line, start);
    let at = if line[start..word].ends_with(b"):") { blanks(line, word) } else { start };
    let code = skip(line, at + 1, |byte| byte.is_ascii_digit());
    if line.get(at) != Some(&b'(') || line.get(code) != Some(&b')') {
        return at;
    }
    let ended = memchr::memchr2(b':', b'[', &line[code..]).map(|colon| code + colon);
    ended.filter(|colon| line[*colon] == b':').map_or(at, |colon| blanks(line, colon + 1))
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
    who(line, end, event);
    Some("nginx")
}

/// Bytes of the longest line that nginx writes, without the line feed. From such a one its own part may be missing.
const LONGEST: usize = 2047;

/// Adds who asked for what: `, client: A, server: B, request: "C", upstream: "D", host: "E", referrer: "F"`.
fn who(line: &[u8], start: usize, event: &mut Event) {
    let (mut found, mut several) = (None, line.len() >= LONGEST);
    let find = |from: usize, name: &[u8]| memchr::memmem::find(&line[from..], name).map(|at| from + at);
    let mut at = start;
    while let Some(said) = find(at, b", client: ") {
        at = said + b", client: ".len();
        if let Some(next) = Client::at(line, at) {
            let first = *found.get_or_insert(next);
            several |= line[first.from..first.to] != line[next.from..next.to];
        }
    }
    let Some(Client { from, to, behind }) = found else { return };
    if !several {
        text(event, "c-ip", Place::line(from, to));
    }
    let quoted = |name: &[u8]| line[behind..].starts_with(name).then(|| behind + name.len());
    let Some(request) = quoted(b", request: \"") else { return };
    let last = line.len() - usize::from(line.ends_with(b"\""));
    // Where it cannot be told where the request ends, all that is left is looked at.
    let hosts = memchr::memmem::find_iter(&line[request..], b", host: \"").take(2).count();
    if hosts == 2 || found_again(line, request) || request > last {
        return access::target(line, request, last.max(request), event);
    }
    let (end, mut at) = value(line, request);
    access::target(line, request, end, event);
    while let Some((name, from)) = NAMES.iter().find_map(|(name, field)| {
        let from = at + name.len();
        line[at..].starts_with(name).then_some((field, from))
    }) {
        let (mut end, behind) = value(line, from);
        if *name == "cs(Referer)" {
            // The last one: what looks like more of them is a part of it.
            end = last.max(from);
        }
        if !name.is_empty() {
            text(event, name, Place::line(from, end));
        }
        at = if *name == "cs(Referer)" { line.len() } else { behind };
    }
}

/// Whether another client is said from here on.
fn found_again(line: &[u8], start: usize) -> bool {
    let mut said = memchr::memmem::find_iter(&line[start..], b", client: ");
    said.any(|at| Client::at(line, start + at + b", client: ".len()).is_some())
}

/// What stands in quotes behind the request, in this order, and what it is for us.
const NAMES: [(&[u8], &str); 4] = [
    (b", subrequest: \"", ""),
    (b", upstream: \"", ""),
    (b", host: \"", "cs-host"),
    (b", referrer: \"", "cs(Referer)"),
];

/// Where the text from `start` on ends: before a quote behind which the next begins, or at the line's end. And where
/// that is.
fn value(line: &[u8], start: usize) -> (usize, usize) {
    let ends = |at: &usize| {
        let behind = &line[at + 1..];
        behind.is_empty() || NAMES.iter().any(|(name, _)| behind.starts_with(name))
    };
    let quote = memchr::memchr_iter(b'"', &line[start..]).map(|at| start + at).find(ends);
    quote.map_or((line.len(), line.len()), |quote| (quote, quote + 1))
}

/// A client as nginx writes it.
#[derive(Clone, Copy)]
struct Client {
    from: usize,
    to: usize,
    /// Where the server's name ends.
    behind: usize,
}

impl Client {
    /// `A, server: B` with an address and a name, and behind it the end or what comes next.
    fn at(line: &[u8], from: usize) -> Option<Client> {
        const SERVER: &[u8] = b", server: ";
        let to = skip(line, from, |byte| byte != b',' && byte > b' ');
        let is_client = &line[from..to] == b"unix:" || access::address(&line[from..to]).is_some();
        if !is_client || !line[to..].starts_with(SERVER) {
            return None;
        }
        let name = to + SERVER.len();
        let end = word_end(line, name);
        if end == line.len() {
            return Some(Client { from, to, behind: end });
        }
        let behind = end - usize::from(name < end && line[end - 1] == b',');
        const NEXT: [&[u8]; 4] = [b", request: \"", b", upstream: \"", b", login: \"", b", host: \""];
        let goes_on = NEXT.iter().any(|next| line[behind..].starts_with(next));
        goes_on.then_some(Client { from, to, behind })
    }
}
