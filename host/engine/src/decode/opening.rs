//! How a line opens: priority, version, date and time.

use crate::event::Place;

use super::skip::skip;
use super::stamp::Stamp;
use super::{Format, access};

/// The first part of a line with a header. Whether a line has a header is decided here and nowhere else, so that
/// decoding, merging by time, joining and years agree.
///
/// ```text
///   <38>1 2003-10-11T22:14:15.003Z host sshd 24200 - - Failed password
///    │  │ └stamp                  └behind
///    │  └version                            [2024-01-01 12:00:00] ERROR disk full
///    └priority                               └stamp              └behind
/// ```
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    /// What the line looks like; an RFC 3339 stamp without brackets may also be syslog's.
    pub(crate) format: Format,
    /// Where the digits of `<34>` stand.
    pub(crate) priority: Option<Place>,
    /// Where RFC 5424's version stands.
    pub(crate) version: Option<Place>,
    /// The date and time; RFC 5424 may say `-`.
    pub(crate) stamp: Option<Stamp>,
    /// Whether brackets stand around the stamp.
    pub(crate) bracketed: bool,
    /// Where the rest begins.
    pub(crate) behind: usize,
}

impl Opening {
    /// How the line opens, if it does as one of the formats with a date and time does.
    pub(crate) fn of(line: &[u8]) -> Option<Opening> {
        let start = first(line);
        match *line.get(start)? {
            b'<' => {
                let priority = number(line, start + 1, 3)?;
                if line.get(priority.end as usize) != Some(&b'>') {
                    return None;
                }
                let at = priority.end as usize + 1;
                let opening = match Opening::versioned(line, at) {
                    Some(opening) => opening,
                    None => {
                        let stamp = Stamp::syslog(line, at).or_else(|| Stamp::iso(line, at))?;
                        Opening::stamped(Format::Rfc3164, stamp)
                    }
                };
                Some(Opening { priority: Some(priority), ..opening })
            }
            b'A'..=b'S' if let Some(stamp) = Stamp::syslog(line, start) => {
                Some(Opening::stamped(Format::Rfc3164, stamp))
            }
            b'0'..=b'9' if let Some(stamp) = Stamp::iso(line, start) => {
                Some(Opening::stamped(Format::Iso, stamp))
            }
            b'[' if let Some(stamp) =
                Stamp::iso(line, start + 1).or_else(|| Stamp::ctime(line, start + 1)) =>
            {
                let opening = Opening::stamped(Format::Iso, stamp);
                match line.get(stamp.end) {
                    Some(b']') => Some(Opening { bracketed: true, behind: stamp.end + 1, ..opening }),
                    // `[2024-01-01T12:00:00Z ERROR disk] full`
                    Some(b' ') => Some(Opening { bracketed: true, ..opening }),
                    _ => None,
                }
            }
            // The client's name or address stands before the stamp.
            _ => Some(Opening::stamped(Format::Access, access::opening(line, start)?)),
        }
    }

    /// RFC 5424: a version of at most three digits, then a date and time or `-`.
    fn versioned(line: &[u8], at: usize) -> Option<Opening> {
        let version = number(line, at, 3)?;
        if line.get(version.end as usize) != Some(&b' ') {
            return None;
        }
        let at = version.end as usize + 1;
        let nil = line.get(at) == Some(&b'-') && matches!(line.get(at + 1), None | Some(b' '));
        let stamp = if nil { None } else { Some(Stamp::iso(line, at)?) };
        let behind = stamp.map_or(at + 1, |stamp| stamp.end);
        let format = Format::Rfc5424;
        Some(Opening { format, priority: None, version: Some(version), stamp, bracketed: false, behind })
    }

    fn stamped(format: Format, stamp: Stamp) -> Opening {
        let behind = stamp.end;
        Opening { format, priority: None, version: None, stamp: Some(stamp), bracketed: false, behind }
    }
}

/// Where a line's text begins: behind blanks and control characters, such as the NULs that a crash leaves in a file.
pub(crate) fn first(line: &[u8]) -> usize {
    skip(line, 0, |byte| byte <= b' ')
}

/// Where a number of one to `most` digits stands.
fn number(line: &[u8], start: usize, most: usize) -> Option<Place> {
    let end = skip(line, start, |byte| byte.is_ascii_digit());
    (start < end && end - start <= most).then(|| Place::line(start, end))
}
