//! Lists for programs.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::arguments::Format;
pub(super) use crate::report::listed::{exception, notice, silence, token};
use crate::report::strict_json;

/// Puts out objects: each on a line of its own, or all under a name in one document.
pub(super) fn put(
    out: &mut dyn Write,
    format: Format,
    name: &str,
    objects: impl Iterator<Item = Value>,
) -> io::Result<()> {
    match format {
        Format::Json => {
            strict_json::write_pretty(out, &json!({ name: objects.collect::<Vec<_>>() }))?;
            out.write_all(b"\n")
        }
        Format::Human | Format::Ndjson => objects.into_iter().try_for_each(|object| {
            strict_json::write(out, &object)?;
            out.write_all(b"\n")
        }),
    }
}
