//! What is written behind syslog's header, or without any: formats of their own.

use crate::event::{Event, Name};

use super::opening::Opening;
use super::skip::{blanks, skip};
use super::syslog::Syslog;
use super::{Format, access, audit, cef, rfc5424};

/// Whether this is a program whose messages may be an access log's lines.
fn is_web_server(service: &[u8]) -> bool {
    matches!(service, b"nginx" | b"apache2" | b"apache" | b"httpd")
}

/// Adds what the message at `start` has, if it is of such a format. When it was, the header knows better.
pub(super) fn fill(line: &[u8], start: usize, event: &mut Event) {
    match line.get(start) {
        Some(b'C') if cef::begins(line, start) => cef::fill(line, start, event),
        Some(b't' | b'n') => match audit::header(line, start) {
            Some(header) => audit::fill(line, start, &header, event),
            None => of_web_server(line, start, event),
        },
        // The kernel says so before it, and when.
        Some(b'a' | b'[') => {
            let start = uptime(line, start);
            if !line[start..].starts_with(b"audit: ") {
                return of_web_server(line, start, event);
            }
            let start = blanks(line, start + b"audit:".len());
            if let Some(header) = audit::header(line, start) {
                audit::fill(line, start, &header, event);
            }
        }
        Some(_) => of_web_server(line, start, event),
        None => {}
    }
}

/// Behind `[12345.678901] `, if it stands here.
fn uptime(line: &[u8], start: usize) -> usize {
    if line[start] != b'[' {
        return start;
    }
    let end = skip(line, blanks(line, start + 1), |byte| byte.is_ascii_digit() || byte == b'.');
    if line[end..].starts_with(b"] ") { blanks(line, end + 1) } else { start }
}

fn of_web_server(line: &[u8], start: usize, event: &mut Event) {
    if is_of_web_server(line, event)
        && let Some(stamp) = access::opening(line, start)
    {
        access::fill(line, start, &stamp, event);
    }
}

fn is_of_web_server(line: &[u8], event: &Event) -> bool {
    match event.log_source.service {
        Some(Name::Place(place)) => is_web_server(event.text(line, place)),
        _ => false,
    }
}

/// Whether the line opens with a header of syslog behind which [`fill`] finds this format.
pub(super) fn is_behind(line: &[u8], opening: &Opening, format: Format) -> bool {
    let behind = match (opening.format, &opening.stamp) {
        (Format::Rfc3164, _) => Some(Syslog::behind(line, opening.behind).body(line)),
        (Format::Rfc5424, _) => rfc5424::body(line, opening.behind),
        (Format::Iso, Some(stamp)) if !opening.bracketed => {
            Syslog::surely(line, stamp).map(|syslog| syslog.body(line))
        }
        _ => None,
    };
    let Some((service, start)) = behind else { return false };
    match format {
        Format::Cef => cef::begins(line, start),
        Format::Audit => {
            let said = line.get(start).map_or(start, |_| uptime(line, start));
            let kernel = line.get(said..).is_some_and(|rest| rest.starts_with(b"audit: "));
            let start = if kernel { blanks(line, said + b"audit:".len()) } else { start };
            audit::header(line, start).is_some()
        }
        Format::Access => {
            let Some(Name::Place(place)) = service else { return false };
            is_web_server(&line[place.start as usize..place.end as usize])
                && access::opening(line, start).is_some()
        }
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
