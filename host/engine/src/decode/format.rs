//! The formats that lines are decoded from.

use std::fmt;
use std::str::FromStr;

/// How a source writes its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// BSD syslog (RFC 3164): `Dec 10 06:55:46 host program[pid]: text`, with or without `<PRI>`.
    Rfc3164,
    /// Syslog (RFC 5424): `<34>1 2003-10-11T22:14:15.003Z host program pid msgid [structured data] text`.
    Rfc5424,
    /// A full date and time first: ISO 8601, RFC 3339 or, in brackets, as Apache writes it; then a text.
    Iso,
    /// One JSON object a line (RFC 8259).
    Json,
    /// Anything else: the whole line is the message.
    Plain,
    /// What a scan found: one flat JSON object a line. Never found from a source's first lines, only given.
    Finding,
}

/// A name that is no format's.
#[derive(Debug, thiserror::Error)]
#[error("expected rfc3164, rfc5424, iso, json, plain or finding, not {name:?}")]
pub struct UnknownFormat {
    name: String,
}

impl Format {
    /// All formats, in the order in which they win a tie.
    pub const ALL: [Format; 6] =
        [Format::Rfc3164, Format::Rfc5424, Format::Iso, Format::Json, Format::Plain, Format::Finding];

    /// Whether lines that come from somebody else can be this: who sends a line may not say that our scans wrote it.
    pub fn is_for_senders(self) -> bool {
        self != Format::Finding
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Rfc3164 => "rfc3164",
            Format::Rfc5424 => "rfc5424",
            Format::Iso => "iso",
            Format::Json => "json",
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
