//! What is written behind syslog's header, or without any: formats of their own.

use crate::event::{Event, Name};

use super::skip::blanks;
use super::{access, audit, cef};

/// Programs whose messages may be an access log's lines.
const WEB_SERVERS: [&[u8]; 4] = [b"nginx", b"apache2", b"apache", b"httpd"];

/// Adds what the message at `start` has, if it is of such a format. When it was, the header knows better.
pub(super) fn fill(line: &[u8], start: usize, event: &mut Event) {
    match line.get(start) {
        Some(b'C') if cef::begins(line, start) => cef::fill(line, start, event),
        Some(b't' | b'n') => {
            if let Some(header) = audit::header(line, start) {
                audit::fill(line, start, &header, event);
            }
        }
        // The kernel says so before it.
        Some(b'a') if line[start..].starts_with(b"audit: ") => {
            let start = blanks(line, start + b"audit:".len());
            if let Some(header) = audit::header(line, start) {
                audit::fill(line, start, &header, event);
            }
        }
        Some(_) if is_of_web_server(line, event) => {
            if let Some(stamp) = access::opening(line, start) {
                access::fill(line, start, &stamp, event);
            }
        }
        _ => {}
    }
}

fn is_of_web_server(line: &[u8], event: &Event) -> bool {
    let service = match event.log_source.service {
        Some(Name::Place(place)) => event.text(line, place),
        _ => return false,
    };
    WEB_SERVERS.contains(&service)
}

/// Whether decoding a message may change a value of it; rather `true` than wrong. Each text is looked for by its last
/// byte: lines are so short that making a searcher took most of the time.
pub(super) fn may_change(line: &[u8]) -> bool {
    let has = |last: u8, before: &[&[u8]]| {
        memchr::memchr_iter(last, line).any(|at| before.iter().any(|before| line[..at].ends_with(before)))
    };
    has(b'(', &[b"audit"])
        || memchr::memchr(b'\\', line).is_some() && has(b':', &[b"CEF"])
        || access::may_change(line) && has(b'"', &[b"] ", b"request: "])
}

/// The same of many lines.
pub(super) fn may_change_any(lines: &[u8]) -> bool {
    access::may_change_any(lines) || memchr::memmem::find(lines, b"audit(").is_some()
}
