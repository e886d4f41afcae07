//! A line that is one JSON object.

use crate::event::Event;

use super::json_scan::Scan;
use super::members::{Members, Times};
use super::zone::Zone;

/// Adds the members of the object at `start` as fields, and finds time, message, service and host among them;
/// `false` if the line is no whole JSON object, with the event left half filled.
///
/// Objects and lists stay raw JSON. Members whose name stands twice stay twice; the first counts.
pub(super) fn fill(line: &[u8], start: usize, zone: &Zone, event: &mut Event) -> bool {
    let mut members = Members::new(line, zone, event);
    let mut scan = Scan { text: line, at: start };
    if scan.object(|name, value| members.add(name, value)).is_none() || !scan.at_end() {
        return false;
    }
    members.finish();
    true
}

/// The time that [`fill`] would find.
pub(super) fn time(line: &[u8], start: usize, zone: &Zone) -> Option<i64> {
    let mut scan = Scan { text: line, at: start };
    let mut times = Times::new(line, zone);
    scan.object(|name, value| times.see(name, value))?;
    if scan.at_end() { times.time } else { None }
}

/// Whether there is a whole JSON object at `start`, and nothing behind it.
pub(super) fn is_object(line: &[u8], start: usize) -> bool {
    let mut scan = Scan { text: line, at: start };
    scan.object(|_, _| {}).is_some() && scan.at_end()
}

/// Whether decoding would change some value of this line: it unescapes, and reads a journal's list of bytes.
pub(super) fn may_change(line: &[u8]) -> bool {
    if memchr::memchr(b'\\', line).is_some() {
        return true;
    }
    memchr::memchr_iter(b'[', line).any(|at| {
        let before = line[..at].trim_ascii_end().strip_suffix(b":");
        before.is_some_and(|before| before.trim_ascii_end().ends_with(b"\"MESSAGE\""))
    })
}
