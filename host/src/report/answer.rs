//! Why somebody was or was not told, in sentences: made where the database is, read wherever somebody asks.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::paint::BOLD;
use super::visible::visible;
use super::wrap::wrap;

/// What is to be said of an incident's notices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The incident's number.
    pub incident: i64,
    /// Its title.
    pub title: String,
    /// How bad it is.
    pub severity: String,
    /// How far it is.
    pub state: String,
    /// What is so for everybody.
    pub notes: Vec<String>,
    /// Whom a route names or a notice went to.
    pub recipients: Vec<Recipient>,
}

/// What is to be said of one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// The address.
    pub address: String,
    /// In order.
    pub sentences: Vec<Sentences>,
}

/// Sentences that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentences {
    /// Whether they tell more of those before them.
    pub more: bool,
    /// May have several lines.
    pub text: String,
}

impl Answer {
    /// Writes it, about one recipient or all of them.
    ///
    /// # Errors
    /// It cannot be written there.
    pub fn write(&self, out: &mut dyn Write, recipient: Option<&str>, width: usize) -> io::Result<()> {
        let Answer { incident, title, severity, state, .. } = self;
        let (severity, state) = (visible(severity), visible(state));
        writeln!(out, "{BOLD}#{incident} {}{BOLD:#}  {severity}, {state}", visible(title))?;
        self.notes.iter().try_for_each(|note| say(out, width, "", note))?;
        for about in &self.recipients {
            if recipient.is_some_and(|one| about.address != one) {
                continue;
            }
            writeln!(out, "\n{BOLD}{}{BOLD:#}", visible(&about.address))?;
            for Sentences { more, text } in &about.sentences {
                say(out, width, if *more { "    " } else { "  " }, text)?;
            }
        }
        Ok(())
    }
}

/// What a server says is a stranger's text, too: nothing hidden reaches the terminal.
fn say(out: &mut dyn Write, width: usize, indent: &str, text: &str) -> io::Result<()> {
    let room = width.saturating_sub(indent.len()).max(30);
    let mut lines = text.lines().flat_map(|line| wrap(&visible(line), room, usize::MAX));
    lines.try_for_each(|line| writeln!(out, "{indent}{line}"))
}
