//! The columns of a W3C extended log, as its `#Fields:` line names them.

use std::fmt;
use std::ops::Range;

use super::given;

/// Of more columns none is known.
const MOST: usize = 128;
/// Bytes of one's name.
const LONGEST: usize = 64;
/// Bytes of all names.
const TEXT: usize = 2048;
/// How the line begins that names them.
const DIRECTIVE: &[u8] = b"#Fields:";

/// Names of the columns of the lines that follow, in order. They are bounded, since they are kept beside each mark.
#[derive(Clone, Debug)]
pub struct Columns {
    /// The names, with a blank between them.
    text: String,
    list: Vec<Column>,
    /// Where the columns `date` and `time` are.
    pub(super) stamp: Option<(usize, usize)>,
    /// Whether requests of the web are what it logs.
    pub(super) is_web: bool,
    /// Whether it has what only Microsoft's server logs.
    pub(super) is_iis: bool,
}

/// Columns whose values are numbers.
const NUMBERS: [&str; 10] = [
    "c-port",
    "cs-bytes",
    "s-port",
    "sc-bytes",
    "sc-status",
    "sc-substatus",
    "sc-win32-status",
    "time-taken",
    "src-port",
    "dst-port",
];

/// What a column's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The path that was asked for.
    Stem,
    /// What stands behind `?`.
    Query,
    /// A browser's name.
    Agent,
    Number,
    Text,
}

impl Role {
    fn of(name: &str) -> Role {
        match name {
            "cs-uri-stem" => Role::Stem,
            "cs-uri-query" => Role::Query,
            "cs(User-Agent)" => Role::Agent,
            _ if NUMBERS.contains(&name) => Role::Number,
            _ => Role::Text,
        }
    }
}

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct Column {
    name: Range<usize>,
    pub(super) role: Role,
    /// Its name, if decoding gives that to fields of other formats, too.
    pub(super) given: Option<&'static str>,
}

impl Columns {
    /// The names that a line brings if it names columns: for any other line `None`, and `Some(None)` for one whose names
    /// cannot be used.
    pub(crate) fn directive(line: &[u8]) -> Option<Option<Columns>> {
        let names = line.strip_prefix(DIRECTIVE)?;
        Some(std::str::from_utf8(names).ok().and_then(Columns::new))
    }

    /// Columns of these names, with blanks between them, if there are any and all can be used.
    pub fn new(names: &str) -> Option<Columns> {
        let (mut text, mut list) = (String::new(), Vec::new());
        for name in names.split_ascii_whitespace() {
            let fits = name.len() <= LONGEST && name.bytes().all(|byte| byte.is_ascii_graphic());
            if !fits || list.len() == MOST || text.len() + name.len() >= TEXT {
                return None;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            let start = text.len();
            text.push_str(name);
            list.push(Column { name: start..text.len(), role: Role::of(name), given: given(name) });
        }
        let place = |wanted: &str| list.iter().position(|column| &text[column.name.clone()] == wanted);
        let stamp = place("date").zip(place("time"));
        let (is_web, is_iis) = (place("cs-uri-stem").is_some(), place("sc-win32-status").is_some());
        (!list.is_empty()).then_some(Columns { text, list, stamp, is_web, is_iis })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Each, in order.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, Column> {
        self.list.iter()
    }

    /// The name of one.
    pub(super) fn name(&self, column: &Column) -> &str {
        &self.text[column.name.clone()]
    }
}

impl PartialEq for Columns {
    fn eq(&self, other: &Columns) -> bool {
        self.text == other.text
    }
}

impl Eq for Columns {}

impl fmt::Display for Columns {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}
