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
}

/// A name that is no format's.
#[derive(Debug, thiserror::Error)]
#[error("expected rfc3164, rfc5424, iso, json or plain, not {name:?}")]
pub struct UnknownFormat {
    name: String,
}

impl Format {
    /// All formats, in the order in which they win a tie.
    pub const ALL: [Format; 5] = [Format::Rfc3164, Format::Rfc5424, Format::Iso, Format::Json, Format::Plain];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Rfc3164 => "rfc3164",
            Format::Rfc5424 => "rfc5424",
            Format::Iso => "iso",
            Format::Json => "json",
            Format::Plain => "plain",
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
