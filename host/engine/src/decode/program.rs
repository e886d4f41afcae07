//! The program that wrote a line, and the service it stands for.

use crate::event::{Name, Place};

use super::skip::{blanks, digits, letters, skip};

/// syslog's tag: `sshd[24200]: `, `kernel: `.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag {
    /// Where the program stands.
    pub(super) program: Place,
    /// One past its name, behind which something may stand in parentheses.
    name_end: usize,
    /// Where the process id stands.
    pub(super) pid: Option<Place>,
    /// Where the text behind the tag begins.
    pub(super) behind: usize,
}

impl Tag {
    /// The tag at `start`: a program, then `[pid]` or `:` or both, then a blank or the end. What stands in parentheses
    /// belongs to the program: `sshd(pam_unix)`.
    #[inline(always)]
    pub(super) fn at(line: &[u8], start: usize) -> Option<Tag> {
        let name_end = skip(line, letters(line, start), |byte| NAMES[usize::from(byte)]);
        let mut end = name_end;
        if line.get(end) == Some(&b'(') {
            end = skip(line, end, |byte| byte != b')' && byte > b' ');
            end = skip(line, end, |byte| byte == b')' || NAMES[usize::from(byte)]);
        }
        if start == end {
            return None;
        }
        let (mut at, mut pid) = (end, None);
        if line.get(at) == Some(&b'[') {
            let inside = at + 1;
            at = skip(line, digits(line, inside), |byte| byte != b']' && byte > b' ');
            if line.get(at) != Some(&b']') {
                return None;
            }
            pid = (inside < at).then(|| Place::line(inside, at));
            at += 1;
        }
        let colon = line.get(at) == Some(&b':');
        at += usize::from(colon);
        if !colon && at == end || !matches!(line.get(at), None | Some(b' ' | b'\t' | b'\n' | b'\r')) {
            return None;
        }
        Some(Tag { program: Place::line(start, end), name_end, pid, behind: blanks(line, at) })
    }

    /// The service that its program is.
    #[inline(always)]
    pub(super) fn service(&self, line: &[u8]) -> Option<Name> {
        let Place { start, end, .. } = self.program;
        let text = &line[start as usize..end as usize];
        named(text, self.name_end - start as usize, self.program)
    }
}

/// The bytes of a program's name.
const NAMES: [bool; 256] = {
    let mut names = [true; 256];
    let mut byte = 0;
    while byte <= b' ' as usize {
        names[byte] = false;
        byte += 1;
    }
    let others = b"\x7f\"=,;{}<>()[:";
    let mut i = 0;
    while i < others.len() {
        names[others[i] as usize] = false;
        i += 1;
    }
    names
};

/// The service that a program is, if `place` has a name: `/usr/sbin/cron` is cron, `su(pam_unix)` is su, and what
/// OpenSSH has split its daemon into is sshd.
pub(super) fn service(text: &[u8], place: Place) -> Option<Name> {
    named(text, text.iter().position(|byte| *byte == b'(').unwrap_or(text.len()), place)
}

/// The same of a program before whose byte `end` no parenthesis opens.
#[inline(always)]
fn named(text: &[u8], end: usize, place: Place) -> Option<Name> {
    let start = match text.first() {
        Some(b'/') => text.iter().rposition(|byte| *byte == b'/')? + 1,
        _ => 0,
    };
    let end = end.max(start);
    match &text[start..end] {
        b"" => None,
        b"sshd" | b"sshd-session" | b"sshd-auth" => Some(Name::Known("sshd")),
        _ => {
            let (start, end) = (place.start + start as u32, place.start + end as u32);
            Some(Name::Place(Place { start, end, ..place }))
        }
    }
}
