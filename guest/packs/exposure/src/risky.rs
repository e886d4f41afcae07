use std::str::FromStr;

use tripline_sdk::Event;

use crate::expected::Expected;
use crate::field;
use crate::place::Port;
use crate::ports::Ports;

/// A service that nobody should reach over a network: `rdp, ms-wbt-server: 3389`. Names as the scanner calls it, the
/// first for people; the ports, which may be left out, are where it listens most often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Risky {
    names: Vec<String>,
    ports: Option<Ports>,
}

/// What may speak for anything: an API over HTTP, a scanner that was turned away.
const VAGUE: [&str; 7] = ["http", "https", "http-proxy", "http-alt", "ssl", "tcpwrapped", "unknown"];

impl Risky {
    /// What people call it.
    pub(crate) fn label(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    fn is_called(&self, name: &str) -> bool {
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    fn is_on(&self, port: &Port) -> bool {
        self.ports.as_ref().is_some_and(|ports| ports.has(port))
    }
}

/// A risky service that listens on a port.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'r> {
    pub(crate) risky: &'r Risky,
    /// Whether it said so itself; else it is a guess by the port's number.
    answered: bool,
}

impl Found<'_> {
    /// What it is for a title, where a guess has a question mark.
    pub(crate) fn title(&self) -> String {
        let mark = if self.answered { "" } else { "?" };
        format!("{}{mark}", self.risky.label())
    }
}

/// The risky service that listens on a port. What answered this scan says more than a port's number, unless it is vague;
/// what answered an earlier one says nothing of who listens now.
pub(crate) fn found<'r>(risky: &'r [Risky], event: &Event<'_>, port: &Port) -> Option<Found<'r>> {
    let name = event.get::<&str>(field::SERVICE).unwrap_or("unknown");
    let probed = is_probed(event);
    if probed && let Some(called) = risky.iter().find(|one| one.is_called(name)) {
        return Some(Found { risky: called, answered: true });
    }
    if probed && !VAGUE.iter().any(|vague| vague.eq_ignore_ascii_case(name)) {
        return None;
    }
    // A name that is guessed by the number says no more than the number, whose table is not ours.
    let by_number = risky.iter().find(|one| one.is_on(port));
    let by_name = || risky.iter().find(|one| !probed && one.is_called(name));
    by_number.or_else(by_name).map(|risky| Found { risky, answered: false })
}

/// Whether what listens was asked what it is.
pub(crate) fn is_probed(event: &Event<'_>) -> bool {
    event.field(field::METHOD).is_some_and(|method| method == "probed")
}

impl FromStr for Risky {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        let (names, ports) = match text.rsplit_once(": ") {
            Some((names, ports)) => (names, Some(ports.parse()?)),
            None => (text, None),
        };
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(String::from);
        let risky = Risky { names: names.collect(), ports };
        match risky.names.is_empty() {
            true => Err(Expected::new("a service, like telnet: 23", text)),
            false => Ok(risky),
        }
    }
}
