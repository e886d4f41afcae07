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

/// The risky service that listens on a port. What answered says more than a port's number, unless it is vague.
pub(crate) fn found<'r>(risky: &'r [Risky], event: &Event<'_>, port: &Port) -> Option<&'r Risky> {
    let name = event.get::<&str>(field::SERVICE).unwrap_or("unknown");
    let probed = event.field(field::METHOD).is_some_and(|method| method == "probed");
    if probed && let Some(called) = risky.iter().find(|one| one.is_called(name)) {
        return Some(called);
    }
    if probed && !VAGUE.iter().any(|vague| vague.eq_ignore_ascii_case(name)) {
        return None;
    }
    // A name that is guessed by the number says no more than the number, whose table is not ours.
    risky
        .iter()
        .find(|one| one.is_on(port))
        .or_else(|| risky.iter().find(|one| !probed && one.is_called(name)))
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
