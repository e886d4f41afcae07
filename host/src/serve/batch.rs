//! Lines that belong together, of a source that is pushed.

use jiff::tz::TimeZone;
use tripline_engine::decode::{Format, GivenLogSource};

use crate::commit::{BatchKey, FileIdentity, Tenant};

/// How a pushed source's bytes become lines.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamSettings {
    /// The format, if it is said; else it is found from the first lines.
    pub format: Option<Format>,
    /// The time zone of stamps that say none.
    pub timezone: TimeZone,
    /// What log they are from, as far as the operator says it.
    pub log_source: GivenLogSource,
    /// Whether continuation lines join the event before them, within a batch.
    pub join: bool,
    /// Nanoseconds without a line after which the source is an incident of its own; `None`: it may be silent.
    pub silent_after: Option<i64>,
}

impl Default for StreamSettings {
    fn default() -> StreamSettings {
        StreamSettings {
            format: None,
            timezone: TimeZone::UTC,
            log_source: GivenLogSource::default(),
            join: true,
            silent_after: None,
        }
    }
}

/// A source that is expected: it may be silent though it never spoke.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Whose lines it brings.
    pub tenant: Tenant,
    /// What it is called.
    pub source: String,
    /// As with its batches.
    pub settings: StreamSettings,
}

/// Lines that belong together: what one request, datagram or read has brought.
pub struct Batch {
    /// Whose they are: by the credential or the listener, never by what they say.
    pub tenant: Tenant,
    /// What the source is called, like `http/web` or `syslog/udp/0.0.0.0:514`; of one tenant a bounded number.
    pub source: String,
    /// How its bytes become lines.
    pub settings: StreamSettings,
    /// The file that these lines are the next piece of, whose position is kept as a followed file's is: what of it was
    /// judged is not judged again. `None`: they go on where the source's lines ended.
    pub file: Option<FileIdentity>,
    /// Whole lines, each with its line feed; the last one may lack it.
    pub lines: Vec<u8>,
    /// When they came, nanoseconds since 1970.
    pub received: i64,
    /// By what the batch is known if it comes again.
    pub key: Option<BatchKey>,
    /// Told once what became of it.
    pub done: Option<Done>,
}

/// Called once all lines of a batch were judged and all that came of it is on disk; or once it is clear that they will
/// not be. Dropped without a call, the server has ended: the sender sends again.
pub type Done = Box<dyn FnOnce(Result<(), GivenUp>) + Send>;

/// The batch was not committed; its sender has to send it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected to commit the lines, and the server stops")]
pub struct GivenUp;
