//! What syslog writes behind the date and time: host, tag, text (RFC 3164 section 4.1).

use tripline_abi::FieldType;

use crate::event::{Event, EventField, Name, Place};

use super::program::Tag;
use super::skip::{blanks, word_end};
use super::stamp::Stamp;
use super::{body, cef, level};

/// Where host, tag and text stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Syslog {
    host: Option<Place>,
    tag: Option<Tag>,
    /// Where the text begins.
    message: usize,
}

impl Syslog {
    /// Behind a stamp that only syslog writes: the first word is the host, unless it is already the tag.
    #[inline(always)]
    pub(super) fn behind(line: &[u8], at: usize) -> Syslog {
        // Cisco has no host: `Jan 01 2024 12:00:00: %ASA-6-302013: Built`.
        let colon = line.get(at) == Some(&b':');
        let start = blanks(line, at + usize::from(colon));
        let end = if colon { start } else { word_end(line, start) };
        // A line for the local syslog socket has no host. A host may end like a tag: 2001:db8::
        let word = &line[start..end];
        if matches!(word.last(), Some(b':' | b']'))
            && !word.ends_with(b"::")
            && let Some(tag) = Tag::at(line, start)
        {
            return Syslog { host: None, tag: Some(tag), message: tag.behind };
        }
        let message = blanks(line, end);
        let tag = Tag::at(line, message);
        let host = (start < end).then(|| Place::line(start, end));
        Syslog { host, tag, message: tag.map_or(message, |tag| tag.behind) }
    }

    /// Behind a stamp that anyone may write: only what is surely syslog.
    ///
    /// `fw1 CEF:0|` is, as rsyslog writes it.
    /// `node1 sshd[42]: ` is. `node1 kernel: ` is behind an RFC 3339 stamp, as rsyslog writes it. `ERROR main: ` is
    /// not: a level is neither host nor program. `main ValueError: ` is not.
    pub(super) fn surely(line: &[u8], stamp: &Stamp) -> Option<Syslog> {
        if line.get(stamp.end) != Some(&b' ') {
            return None;
        }
        let start = blanks(line, stamp.end);
        let end = word_end(line, start);
        let host = line.get(start..end)?;
        let named = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
        if host.is_empty() || !host.iter().all(named) || host.ends_with(b":") || level::is_level(host) {
            return None;
        }
        let behind = blanks(line, end);
        if stamp.full && cef::begins(line, behind) {
            return Some(Syslog { host: Some(Place::line(start, end)), tag: None, message: behind });
        }
        let tag = Tag::at(line, behind)?;
        let program = bytes(line, tag.program);
        let sure = match tag.pid {
            Some(pid) => bytes(line, pid).iter().all(u8::is_ascii_digit),
            None => stamp.full,
        };
        let begins = program.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'/');
        let host = Some(Place::line(start, end));
        let surely = sure && begins && !level::names_a_failure(program);
        surely.then_some(Syslog { host, tag: Some(tag), message: tag.behind })
    }

    /// The service, and where the text begins.
    pub(super) fn body(&self, line: &[u8]) -> (Option<Name>, usize) {
        (self.tag.and_then(|tag| tag.service(line)), self.message)
    }

    /// Adds the fields, the message and the service.
    #[inline(always)]
    pub(super) fn fill(&self, line: &[u8], event: &mut Event) {
        if let Some(host) = self.host {
            text(event, "host", host);
        }
        event.log_source.product = Some("linux".into());
        if let Some(tag) = self.tag {
            text(event, "program", tag.program);
            event.log_source.service = tag.service(line);
            if let Some(pid) = tag.pid {
                text(event, "pid", pid);
            }
        }
        event.message = Some(Place::line(self.message, line.len()));
        body::fill(line, self.message, event);
    }
}

/// Adds what stands behind a stamp that only syslog writes.
pub(super) fn fill(line: &[u8], at: usize, event: &mut Event) {
    Syslog::behind(line, at).fill(line, event);
}

/// Adds a text that stands in the line.
#[inline(always)]
pub(super) fn text(event: &mut Event, name: &'static str, value: Place) {
    event.fields.push(EventField { name: Name::Known(name), kind: FieldType::Text, value });
}

/// The bytes of a place in the line.
fn bytes(line: &[u8], place: Place) -> &[u8] {
    &line[place.start as usize..place.end as usize]
}
