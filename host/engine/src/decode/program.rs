//! The program that wrote a line, and the service it stands for.

use crate::event::{Name, Place};

/// syslog's tag: `sshd[24200]: `, `kernel: `.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag {
    /// Where the program stands.
    pub(super) program: (usize, usize),
    /// Where the process id stands.
    pub(super) pid: Option<(usize, usize)>,
    /// Where the text behind the tag begins.
    pub(super) behind: usize,
}

/// No program has a longer name; RFC 3164 says 32.
const LONGEST: usize = 128;

impl Tag {
    /// The tag at `start`: a program, then `[pid]` or `:` or both, then a blank or the end.
    pub(super) fn at(line: &[u8], start: usize) -> Option<Tag> {
        let program = (start, program_end(line, start)?);
        let mut at = program.1;
        let mut pid = None;
        if line.get(at) == Some(&b'[') {
            let end = at + 1 + line[at + 1..].iter().take(LONGEST).position(|byte| *byte == b']')?;
            if line[at + 1..end].iter().any(|byte| *byte <= b' ') {
                return None;
            }
            pid = (end > at + 1).then_some((at + 1, end));
            at = end + 1;
        }
        let colon = line.get(at) == Some(&b':');
        at += usize::from(colon);
        if !colon && at == program.1 || !matches!(line.get(at), None | Some(b' ' | b'\t' | b'\n' | b'\r')) {
            return None;
        }
        Some(Tag { program, pid, behind: blanks(line, at) })
    }
}

/// One past the program at `start`, if one stands there. What stands in parentheses belongs to it: `sshd(pam_unix)`.
fn program_end(line: &[u8], start: usize) -> Option<usize> {
    let rest = line.get(start..)?;
    let rest = &rest[..rest.len().min(LONGEST)];
    let mut end = rest.iter().position(|byte| !NAMES[usize::from(*byte)])?;
    if rest[end] == b'(' {
        end += rest[end..].iter().position(|byte| *byte == b')' || *byte <= b' ')?;
        end += rest[end..].iter().position(|byte| *byte != b')' && !NAMES[usize::from(*byte)])?;
    }
    (end > 0 && matches!(rest[end], b'[' | b':')).then_some(start + end)
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

/// The first place from `at` on that is no blank.
pub(super) fn blanks(line: &[u8], at: usize) -> usize {
    let rest = line.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// The service that a program is, if `place` has a name: `/usr/sbin/cron` is cron, `su(pam_unix)` is su, and what
/// OpenSSH has split its daemon into is sshd.
pub(super) fn service(text: &[u8], place: Place) -> Option<Name> {
    let start = match text.first() {
        Some(b'/') => memchr::memrchr(b'/', text)? + 1,
        _ => 0,
    };
    let end = start + memchr::memchr(b'(', &text[start..]).unwrap_or(text.len() - start);
    match &text[start..end] {
        b"" => None,
        b"sshd" | b"sshd-session" | b"sshd-auth" => Some(Name::Known("sshd")),
        _ => {
            let (start, end) = (place.start + start as u32, place.start + end as u32);
            Some(Name::Place(Place { start, end, ..place }))
        }
    }
}
