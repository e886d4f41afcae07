//! Records of Linux's audit system, as auditd writes them, or in syslog.

use tripline_abi::FieldType;

use crate::event::{Event, EventField, Name, Place};

use super::epoch::epoch;
use super::skip::skip;
use super::syslog::text;

/// Bytes in which a record has to say when it was.
const HEADER: usize = 256;
/// Names whose values are the text of others: in quotes, or in hexadecimal digits if there is an odd byte in it.
const TEXTS: [&[u8]; 14] = [
    b"acct",
    b"cmd",
    b"comm",
    b"cwd",
    b"data",
    b"dir",
    b"exe",
    b"key",
    b"name",
    b"path",
    b"proctitle",
    b"root_dir",
    b"vm",
    b"watch",
];

/// Where a record's header stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    /// When it was, nanoseconds since 1970.
    pub(super) time: Option<i64>,
    serial: (usize, usize),
    /// Where its fields begin.
    behind: usize,
}

/// The header at `start`, if there is one.
///
/// ```text
///   node=web1 type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e … exe="/bin/cat" key="etc"
///   type=1400 audit(1364481363.243:24287): apparmor="DENIED" …           in syslog
///                   └time          └serial
/// ```
pub(super) fn header(line: &[u8], start: usize) -> Option<Header> {
    let rest = line.get(start..)?;
    if !rest.starts_with(b"type=") && !rest.starts_with(b"node=") {
        return None;
    }
    let head = &rest[..rest.len().min(HEADER)];
    let open = start + memchr::memmem::find(head, b"audit(")? + b"audit(".len();
    let dot = skip(line, open, |byte| byte.is_ascii_digit() || byte == b'.');
    let serial = dot + 1;
    let end = skip(line, serial, |byte| byte.is_ascii_digit());
    let whole = open < dot && line.get(dot) == Some(&b':') && serial < end;
    if !whole || line.get(end..end + 2) != Some(b"):") {
        return None;
    }
    Some(Header { time: epoch(&line[open..dot]), serial: (serial, end), behind: end + 2 })
}

/// Adds the record's fields from `start` on; what is in `msg='…'` stands among them.
pub(super) fn fill(line: &[u8], start: usize, header: &Header, event: &mut Event) {
    let (from, to) = header.serial;
    text(event, "serial", Place::line(from, to));
    let mut fields = Fields { line, executes: false, event };
    // Of the header what is before the time.
    let before = start + memchr::memmem::find(&line[start..], b"audit(").unwrap_or(0);
    let ended = line[start..before].strip_suffix(b"msg=").map_or(before, |rest| start + rest.len());
    fields.take(start, ended, false);
    fields.take(header.behind, line.len(), false);
    event.log_source.product = Some("linux".into());
    event.log_source.service = Some("auditd".into());
    event.message = Some(Place::line(start, line.len()));
}

struct Fields<'a> {
    line: &'a [u8],
    /// Whether it is a command's arguments: `a0`, `a1` and so on are texts then, and numbers else.
    executes: bool,
    event: &'a mut Event,
}

impl Fields<'_> {
    /// Takes the fields up to `to`; a `msg` has more of them, if it is not `inner` itself: what a program had to say.
    fn take(&mut self, start: usize, to: usize, inner: bool) {
        let mut at = start;
        while at < to {
            at = skip(&self.line[..to], at, |byte| !is_name(byte));
            let end = skip(&self.line[..to], at, is_name);
            if self.line[..to].get(end) != Some(&b'=') {
                at = end;
                continue;
            }
            let (name, from) = (&self.line[at..end], end + 1);
            let quote = self.line[..to].get(from).copied().filter(|byte| matches!(byte, b'"' | b'\''));
            let Some(quote) = quote else {
                let behind = skip(&self.line[..to], from, |byte| byte > b' ' && byte != 0x1d);
                let value = self.decoded(name, from, behind);
                self.add(at, end, value);
                at = behind;
                continue;
            };
            if quote == b'\'' && name == b"msg" && !inner {
                let close = closing(&self.line[..to], from + 1);
                self.take(from + 1, close, true);
                at = close + 1;
                continue;
            }
            let close = memchr::memchr(quote, &self.line[from + 1..to]).map_or(to, |close| from + 1 + close);
            self.add(at, end, Place::line(from + 1, close));
            at = close + 1;
        }
    }

    fn add(&mut self, start: usize, end: usize, value: Place) {
        self.executes |= &self.line[start..end] == b"type" && self.event.text(self.line, value) == b"EXECVE";
        let name = Name::Place(Place::line(start, end));
        self.event.fields.push(EventField { name, kind: FieldType::Text, value });
    }

    /// A text that stands in hexadecimal digits, as it is meant; NULs, which are between arguments, as blanks.
    fn decoded(&mut self, name: &[u8], start: usize, end: usize) -> Place {
        let digits = &self.line[start..end];
        let argument = self.executes
            && name
                .strip_prefix(b"a")
                .is_some_and(|rest| !rest.is_empty() && rest.iter().all(u8::is_ascii_digit));
        let is_text = argument || TEXTS.contains(&name);
        let upper = |byte: &u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
        if !is_text || digits.is_empty() || digits.len() % 2 == 1 || !digits.iter().all(upper) {
            return Place::line(start, end);
        }
        let from = self.event.arena.len() as u32;
        let value = |byte: u8| if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' + 10 };
        let bytes = digits.chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1]));
        self.event.arena.extend(bytes.map(|byte| if byte == 0 { b' ' } else { byte }));
        Place { start: from, end: self.event.arena.len() as u32, in_arena: true }
    }
}

/// The quote that ends what a program had to say: none within a value in quotes, such as a user's name, which has no double
/// quote itself. Where one of those is not closed it is the last quote.
fn closing(line: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(found) = line.get(at..).and_then(|rest| memchr::memchr2(b'\'', b'"', rest)) {
        at += found;
        if line[at] == b'\'' {
            return at;
        }
        let opens = line[..at].ends_with(b"=");
        at += 1;
        if opens {
            let Some(closes) = memchr::memchr(b'"', &line[at..]) else { break };
            at += closes + 1;
        }
    }
    memchr::memrchr(b'\'', &line[start..]).map_or(line.len(), |quote| start + quote)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}
