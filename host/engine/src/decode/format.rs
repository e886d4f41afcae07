//! The formats that lines are decoded from.

use std::fmt;
use std::str::FromStr;

use super::envelope;

/// How a source writes its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// BSD syslog (RFC 3164): `Dec 10 06:55:46 host program[pid]: text`, with or without `<PRI>`.
    Rfc3164,
    /// Syslog (RFC 5424): `<34>1 2003-10-11T22:14:15.003Z host program pid msgid [structured data] text`.
    Rfc5424,
    /// A full date and time first: ISO 8601, RFC 3339 or, in brackets, as Apache writes it; then a text.
    Iso,
    /// A web server's access log, common or combined: `192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 2326`.
    Access,
    /// W3C's extended log format, as Microsoft's IIS writes it: `#Fields: date time c-ip`, then lines of values.
    W3c,
    /// Records of Linux's audit system: `type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e`.
    Audit,
    /// ArcSight's Common Event Format: `CEF:0|vendor|product|version|id|name|severity|name=value`.
    Cef,
    /// One JSON object a line (RFC 8259).
    Json,
    /// Documents of JSON with a list of records, each an event: `{"Records":[{"eventTime":"2024-01-01T12:00:00Z"}]}`; or the
    /// list alone.
    Records,
    /// Entries of systemd's journal, as `journalctl -o export` writes them.
    Journal,
    /// Pairs: `time=2024-01-01T12:00:00Z level=error msg="disk full"`.
    Logfmt,
    /// Anything else: the whole line is the message.
    Plain,
    /// What a scan found: one flat JSON object a line. Never found from a source's first lines, only given.
    Finding,
}

/// A name that is no format's.
#[derive(Debug, thiserror::Error)]
#[error("expected {}, not {name:?}", Format::LISTED)]
pub struct UnknownFormat {
    name: String,
}

impl Format {
    /// All formats, in the order in which they win a tie.
    pub const ALL: [Format; 13] = [
        Format::Rfc3164,
        Format::Rfc5424,
        Format::Iso,
        Format::Access,
        Format::W3c,
        Format::Audit,
        Format::Cef,
        Format::Json,
        Format::Records,
        Format::Journal,
        Format::Logfmt,
        Format::Plain,
        Format::Finding,
    ];

    /// Their names, for whoever is told which there are.
    pub const LISTED: &str =
        "rfc3164, rfc5424, iso, access, w3c, audit, cef, json, records, journal, logfmt, plain or finding";
    /// The same, for lines that come from somebody else.
    pub const LISTED_FOR_SENDERS: &str =
        "rfc3164, rfc5424, iso, access, w3c, audit, cef, json, records, journal, logfmt or plain";

    /// Whether lines that come from somebody else can be this: who sends a line may not say that our scans wrote it.
    pub fn is_for_senders(self) -> bool {
        self != Format::Finding
    }

    /// The format that a file shows by how it begins, whatever its lines look like one by one.
    pub fn of_start(bytes: &[u8]) -> Option<Format> {
        const DIRECTIVES: [&[u8]; 4] = [b"#Software: ", b"#Version: ", b"#Date: ", b"#Fields: "];
        let start = bytes.trim_ascii_start();
        if DIRECTIVES.iter().any(|directive| start.starts_with(directive)) {
            Some(Format::W3c)
        } else if start.starts_with(b"__CURSOR=") {
            Some(Format::Journal)
        } else {
            envelope::opens(start).then_some(Format::Records)
        }
    }

    /// Whether none of its lines opens with a date and time.
    pub(super) fn has_no_stamp(self) -> bool {
        use Format::*;
        matches!(self, W3c | Audit | Cef | Json | Records | Journal | Logfmt | Plain | Finding)
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Rfc3164 => "rfc3164",
            Format::Rfc5424 => "rfc5424",
            Format::Iso => "iso",
            Format::Access => "access",
            Format::W3c => "w3c",
            Format::Audit => "audit",
            Format::Cef => "cef",
            Format::Json => "json",
            Format::Records => "records",
            Format::Journal => "journal",
            Format::Logfmt => "logfmt",
            Format::Plain => "plain",
            Format::Finding => "finding",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Format, UnknownFormat> {
        let found = Format::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| UnknownFormat { name: name.to_owned() })
    }
}
