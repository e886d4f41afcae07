//! What stands behind a full date and time.

use crate::event::{Event, Place};

use super::error_log;
use super::level::level;
use super::opening::Opening;
use super::skip::blanks;
use super::syslog::{Syslog, text};

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
    if let Some(place) = level(line, start) {
        text(event, "level", place);
    }
    error_log::fill(line, opening, start, event);
    event.message = Some(Place::line(start, line.len()));
}
