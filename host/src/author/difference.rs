use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};

use crate::report::paint::DIM;
use crate::report::visible;

const GONE: Style = AnsiColor::Red.on_default();
const NEW: Style = AnsiColor::Green.on_default();

/// Writes two texts line by line as one: what only was expected, what only was found, and what both have.
pub(super) fn write(out: &mut dyn Write, expected: &str, found: &str, indent: &str) -> io::Result<()> {
    writeln!(out, "{indent}{GONE}- expected{GONE:#}  {NEW}+ found{NEW:#}")?;
    let (expected, found) = (format!("{}\n", expected.trim_end()), format!("{}\n", found.trim_end()));
    for change in TextDiff::from_lines(&expected, &found).iter_all_changes() {
        let line = visible(change.value().trim_end_matches('\n'));
        match change.tag() {
            ChangeTag::Equal if line.is_empty() => {}
            ChangeTag::Equal => writeln!(out, "{indent}{DIM}  {line}{DIM:#}")?,
            // The whole of one side may be an empty text.
            _ if line.is_empty() => {}
            ChangeTag::Delete => writeln!(out, "{indent}{GONE}- {line}{GONE:#}")?,
            ChangeTag::Insert => writeln!(out, "{indent}{NEW}+ {line}{NEW:#}")?,
        }
    }
    Ok(())
}
