//! A line that is a scan's finding: one flat JSON object, whose names are the event's fields.
//!
//! Unlike a log's JSON nothing is read into the names but the time: `service` is what listens on a port, `host` and
//! `message` would be what a stranger calls them. There is no message, so that a pattern has to name its field.

use crate::event::{Event, EventField, Name};

use super::json_scan::{Scan, Value};
use super::members::{SHORT, instant, place, short};
use super::zone::Zone;

/// The scanners that a log source's product can name.
const SCANNERS: [&str; 3] = ["nmap", "connect", "masscan"];

/// Adds the members of the object at `start` as fields; `false` if the line is no whole JSON object, with the event
/// left half filled.
pub(super) fn fill(line: &[u8], start: usize, zone: &Zone, event: &mut Event) -> bool {
    let mut scan = Scan { text: line, at: start };
    let mut known = Known::default();
    let whole = scan.object(|name, value| {
        known.see(line, name, value, zone);
        let name = Name::Place(place(line, name, event));
        let value = EventField { name, kind: value.kind, value: place(line, value, event) };
        event.fields.push(value);
    });
    event.time = known.time.flatten();
    event.log_source.product = known.scanner.flatten().map(Name::Known);
    whole.is_some() && scan.at_end()
}

/// The time that [`fill`] would find.
pub(super) fn time(line: &[u8], start: usize, zone: &Zone) -> Option<i64> {
    let mut scan = Scan { text: line, at: start };
    let mut known = Known::default();
    scan.object(|name, value| known.see(line, name, value, zone))?;
    if scan.at_end() { known.time.flatten() } else { None }
}

/// What means something to us whatever pack looks at it; the first member of a name counts, whether it is any good
/// or not.
#[derive(Default)]
struct Known {
    time: Option<Option<i64>>,
    scanner: Option<Option<&'static str>>,
}

impl Known {
    fn see(&mut self, line: &[u8], name: Value, value: Value, zone: &Zone) {
        let mut buffer = [0; SHORT];
        match short(line, name, &mut buffer) {
            Some(b"time") => {
                self.time.get_or_insert_with(|| instant(line, value, zone));
            }
            Some(b"scanner") => {
                let mut buffer = [0; SHORT];
                let scanner = short(line, value, &mut buffer);
                let known = SCANNERS.into_iter().find(|known| scanner == Some(known.as_bytes()));
                self.scanner.get_or_insert(known);
            }
            _ => {}
        }
    }
}
