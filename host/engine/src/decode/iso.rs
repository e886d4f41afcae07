//! What stands behind a full date and time.

use crate::event::{Event, Place};

use super::level::level;
use super::opening::Opening;
use super::skip::blanks;
use super::stamp::Stamp;
use super::syslog::{Syslog, text};
use super::{access, error_log};

/// Adds what follows the stamp: syslog's host and tag if it surely is that, else a level. The message is all behind
/// the stamp, the level too; of syslog it is the text behind the tag.
pub(super) fn fill(line: &[u8], opening: &Opening, event: &mut Event) {
    if !opening.bracketed
        && let Some(stamp) = &opening.stamp
        && let Some(syslog) = Syslog::surely(line, stamp)
    {
        return syslog.fill(line, event);
    }
    let colon = usize::from(line.get(opening.behind) == Some(&b':'));
    let start = blanks(line, opening.behind + colon);
    if let Some(stamp) = contained(line, start) {
        return access::fill(line, start + CONTAINED, &stamp, event);
    }
    if let Some(place) = level(line, start) {
        text(event, "level", place);
    }
    error_log::fill(line, opening, start, event);
    event.message = Some(Place::line(start, line.len()));
}

/// Bytes of what a container's runtime (CRI) writes before a line of its program: `stdout F `.
const CONTAINED: usize = b"stdout F ".len();

/// The stamp of an access log's line that a container wrote.
fn contained(line: &[u8], start: usize) -> Option<Stamp> {
    let before = line.get(start..start + CONTAINED)?;
    let runtime = before == b"stdout F " || before == b"stderr F ";
    runtime.then(|| access::opening(line, start + CONTAINED)).flatten()
}
