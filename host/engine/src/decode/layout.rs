//! What was found of how a source is written.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{Columns, Format, UnknownFormat};

/// A source's format, and what else must be known to read it on in the middle of a file. It is kept as one text:
///
/// ```text
///   rfc3164
///   w3c date time c-ip cs-method        and the columns that were named last
///   records list                        and where in a document
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The format.
    pub format: Format,
    /// The columns of W3C's lines, if they were named.
    pub columns: Option<Arc<Columns>>,
    /// Where in a document it is.
    pub within: Within,
}

/// Where in a document with a list of records, or in one that is such a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Within {
    /// In none.
    #[default]
    Nothing,
    /// Before a record.
    List,
    /// Behind one, before what parts it from the next.
    Next,
    /// Behind all of them.
    Rest,
    /// Before a record of a document that is the list itself.
    Bare,
    /// Behind one of those.
    BareNext,
}

impl Within {
    /// Its name, where it is kept.
    fn name(self) -> &'static str {
        match self {
            Within::Nothing => "",
            Within::List => "list",
            Within::Next => "next",
            Within::Rest => "rest",
            Within::Bare => "bare",
            Within::BareNext => "bare next",
        }
    }
}

impl From<Format> for Layout {
    fn from(format: Format) -> Layout {
        Layout { format, columns: None, within: Within::Nothing }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.format.name())?;
        match (&self.columns, self.within.name()) {
            (Some(columns), _) => write!(out, " {columns}"),
            (None, "") => Ok(()),
            (None, name) => write!(out, " {name}"),
        }
    }
}

impl FromStr for Layout {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Layout, UnknownFormat> {
        let (name, more) = text.split_once(' ').unwrap_or((text, ""));
        let format: Format = name.parse()?;
        let columns = if format == Format::W3c { Columns::new(more).map(Arc::new) } else { None };
        let all = [Within::List, Within::Next, Within::Rest, Within::Bare, Within::BareNext];
        let within = all.into_iter().find(|within| within.name() == more);
        let within = within.filter(|_| format == Format::Records).unwrap_or_default();
        Ok(Layout { format, columns, within })
    }
}
