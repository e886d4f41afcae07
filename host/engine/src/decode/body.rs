//! What is written behind syslog's header, or without any: formats of their own.

use crate::event::{Event, Name};

use super::skip::blanks;
use super::{access, audit, cef};

/// Whether this is a program whose messages may be an access log's lines.
fn is_web_server(service: &[u8]) -> bool {
    matches!(service, b"nginx" | b"apache2" | b"apache" | b"httpd")
}

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
    match event.log_source.service {
        Some(Name::Place(place)) => is_web_server(event.text(line, place)),
        _ => false,
    }
}

/// Whether decoding a message may change a value of it; rather `true` than wrong. Each text is looked for by its last
/// byte: lines are so short that making a searcher took most of the time.
pub(super) fn may_change(line: &[u8]) -> bool {
    let has = |last: u8, before: &[&[u8]]| {
        memchr::memchr_iter(last, line).any(|at| before.iter().any(|before| line[..at].ends_with(before)))
    };
    // The second look spares most lines three.
    has(b'(', &[b"audit"])
        || access::may_change_any(line)
            && (memchr::memchr(b'\\', line).is_some() && has(b':', &[b"CEF"])
                || access::may_change(line) && has(b'"', &[b"] ", b"request: "]))
}

/// The same of many lines.
pub(super) fn may_change_any(lines: &[u8]) -> bool {
    // A request stands in quotes.
    let changes = memchr::memchr2(b'"', b'\\', lines).is_some() && access::may_change_any(lines);
    changes || memchr::memmem::find(lines, b"audit(").is_some()
}
